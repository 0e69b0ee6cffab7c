// Drawing over a photo, as a messenger's own editor does it: what comes out is the photo with the strokes on it.

import { $ } from "./dom.js";

const LONGEST_PX = 1280;
const INK = "#ff2d3d";
const WIDE = 0.045; // of the longer side

/** The drawn photo, or null when it was given up. */
export async function draw(file) {
  const dialog = $("sketch-dialog");
  const canvas = $("sketch");
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const strokes = [];
  const paint = () => {
    const pen = canvas.getContext("2d");
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    Object.assign(pen, { strokeStyle: INK, lineCap: "round", lineJoin: "round", lineWidth: WIDE * Math.max(canvas.width, canvas.height) });
    for (const [first, ...rest] of strokes) {
      pen.beginPath();
      pen.moveTo(...first);
      for (const point of rest.length ? rest : [first]) pen.lineTo(...point);
      pen.stroke();
    }
    $("sketch-undo").disabled = $("sketch-done").disabled = strokes.length === 0;
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
  };
  canvas.onpointerdown = (event) => { canvas.setPointerCapture(event.pointerId); strokes.push([place(event)]); paint(); };
  canvas.onpointermove = (event) => { if (event.buttons) { strokes.at(-1)?.push(place(event)); paint(); } };
  $("sketch-undo").onclick = () => { strokes.pop(); paint(); };
  paint();
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  if (dialog.returnValue !== "done") return null;
  const drawn = await new Promise((made) => canvas.toBlob(made, "image/jpeg", 0.92));
  return new File([drawn], file.name || "photo.jpg", { type: "image/jpeg" });
}
