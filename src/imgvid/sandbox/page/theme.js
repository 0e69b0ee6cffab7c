// Runs before the first paint, so that a chosen theme never flashes.
(() => {
  let theme = "auto";
  try { theme = localStorage.getItem("theme") || "auto"; } catch { /* storage is off: the system decides */ }
  document.documentElement.dataset.theme = theme;
})();
