// The sandbox's HTTP interface: /sim is the Telegram stand-in's control API, /demo is the house around it.

async function call(method, path, body) {
  const options = { method, headers: { "X-Demo": "1" } };
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(path, options);
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error || `${path} answered ${answer.status}`);
  return told;
}

export const api = {
  bot: () => call("GET", "/sim/bot"),
  chats: async () => (await call("GET", "/sim/chats")).chats,
  messages: (chat) => call("GET", `/sim/chats/${chat}/messages`),
  person: (name, language) => call("POST", "/sim/users", { first_name: name, language_code: language }),
  speak: (chat, language) => call("POST", `/demo/people/${chat}`, { language_code: language }),
  text: (chat, text, replyTo) => call("POST", `/sim/chats/${chat}/messages`, replyTo ? { text, reply_to: replyTo } : { text }),
  files(chat, kind, files, caption, replyTo) {
    const form = new FormData();
    form.append("kind", kind);
    if (caption) form.append("caption", caption);
    if (replyTo) form.append("reply_to", String(replyTo));
    for (const file of files) form.append("file", file, file.name || "photo.jpg");
    return call("POST", `/sim/chats/${chat}/messages`, form);
  },
  press: (chat, message, row, column) => call("POST", `/sim/chats/${chat}/messages/${message}/press`, { row, column }),
  edit: (chat, message, text) => call("POST", `/sim/chats/${chat}/messages/${message}/edit`, { text }),
  remove: (chat, message) => call("DELETE", `/sim/chats/${chat}/messages/${message}`),
  status: (chat, action) => call("POST", `/sim/chats/${chat}/status`, { action }),
  jobs: async (chat) => (await call("GET", `/demo/jobs?chat=${chat}`)).jobs,
  house: () => call("GET", "/demo/house"),
  pull: (lever, on) => call("POST", `/demo/levers/${lever}`, { on }),
  calm: () => call("POST", "/demo/calm", {}),
  log: (after) => call("GET", `/demo/log?after=${after}`),
  async sample(number) {
    const answer = await fetch(`/demo/picture/${number}`);
    return new File([await answer.blob()], `sample-${number}.jpg`, { type: "image/jpeg" });
  },
  events: (after) => new EventSource(`/sim/events?after=${after}&types=message,edit,delete,action,callback_answer,reaction,chat`),
};
