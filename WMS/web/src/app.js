// The page: photos in a queue, the chosen one on the stage. What is slow runs in the worker (tasks.js).
import { stems, zipOf } from "./archive.js";
import { goOffline } from "./offline.js";
import { clearStage, redraw, show } from "./stage.js";
import { ask } from "./tasks.js";

const $ = (id) => document.getElementById(id);
const photos = [];
let chosen = null;
let ready = false;
let busy = false;
let saving = false;
let own = 50;

const threshold = () => Number($("threshold").value);
const many = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// Intake

function add(files) {
  for (const file of files) {
    const photo = { file, state: "waiting", row: document.createElement("li") };
    photo.row.innerHTML = '<button type="button"><span class="blank"></span><span><span class="file"></span><span class="state"></span></span></button>';
    photo.row.querySelector(".file").textContent = file.name;
    photo.row.firstChild.addEventListener("click", () => choose(photo));
    photos.push(photo);
    $("list").append(photo.row);
    describe(photo);
  }
  $("work").hidden = photos.length === 0;
  if (!chosen && photos.length) choose(photos[0]);
  count();
  work();
}

function describe(photo) {
  const state = photo.row.querySelector(".state");
  state.className = photo.state === "refused" ? "state refused" : "state";
  state.textContent = { waiting: "waiting", working: "working…", done: "done", refused: photo.reason }[photo.state];
}

function count() {
  const over = photos.filter(({ state }) => state === "done" || state === "refused").length;
  const refused = photos.filter(({ state }) => state === "refused").length;
  $("count").textContent = many(photos.length, "photo");
  $("working").hidden = over === photos.length;
  $("progress").max = photos.length || 1;
  $("progress").value = over;
  offerSave();
  if (!ready) return;
  if (!photos.length) say("Ready.");
  else say(`${over} of ${many(photos.length, "photo")} done${refused ? `, ${refused} cannot be used` : ""}.`);
}

const offerSave = () => ($("save").disabled = busy || saving || !photos.some(({ state }) => state === "done"));
const say = (text) => ($("status").textContent = text);

// The queue

async function work() {
  if (busy || !ready) return;
  busy = true;
  for (let photo; (photo = photos.find(({ state }) => state === "waiting")); ) {
    photo.state = "working";
    describe(photo);
    try {
      Object.assign(photo, await ask("segment", { file: photo.file }), { state: "done" });
      const thumb = new Image();
      thumb.alt = "";
      thumb.src = URL.createObjectURL(photo.thumb);
      thumb.onload = () => URL.revokeObjectURL(thumb.src);
      photo.row.querySelector(".blank")?.replaceWith(thumb);
    } catch (error) {
      Object.assign(photo, { state: "refused", reason: error.message });
    }
    describe(photo);
    if (photo === chosen) choose(photo);
    count();
  }
  busy = false;
  count();
}

function choose(photo) {
  chosen?.row.firstChild.removeAttribute("aria-current");
  chosen = photo;
  photo.row.firstChild.setAttribute("aria-current", "true");
  show(photo, threshold);
}

// What is saved

async function* files() {
  const done = photos.filter(({ state }) => state === "done");
  const names = stems(done.map(({ file }) => file.name));
  for (const [index, { file, levels }] of done.entries()) {
    say(`Saving ${index + 1} of ${many(done.length, "photo")}…`);
    yield { name: `masks/${names[index]}.png`, blob: await ask("mask", { levels, threshold: threshold() }) };
    const cut = await ask("cut", { file, levels, threshold: threshold() });
    if (cut) yield { name: `windows/${names[index]}.jpg`, blob: cut.image };
  }
}

async function save() {
  saving = true;
  offerSave();
  try {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await zipOf(files()));
    link.download = "register-windows.zip";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    say("Saved register-windows.zip: masks and cut-out windows.");
  } catch (error) {
    say(`The zip could not be made: ${error.message}`);
  }
  saving = false;
  offerSave();
}

// Wiring

for (const [button, input] of [["choose", "files"], ["take", "camera"]]) {
  $(button).addEventListener("click", () => $(input).click());
  $(input).addEventListener("change", () => {
    add($(input).files);
    $(input).value = "";
  });
}
$("save").addEventListener("click", save);
$("clear").addEventListener("click", () => {
  photos.length = 0;
  chosen = null;
  $("list").replaceChildren();
  $("work").hidden = true;
  clearStage();
  count();
  $("choose").focus();
});
const moved = () => {
  $("threshold-value").textContent = `${threshold()} %`;
  $("threshold").setAttribute("aria-valuetext", `${threshold()} %`);
  redraw(threshold());
};
$("threshold").addEventListener("input", moved);
$("reset").addEventListener("click", () => {
  $("threshold").value = own;
  moved();
});
$("opacity").addEventListener("input", () => {
  $("opacity-value").textContent = `${$("opacity").value} %`;
  $("opacity").setAttribute("aria-valuetext", `${$("opacity").value} %`);
  $("overlay").style.opacity = $("opacity").value / 100;
});

let inside = 0; // dragenter and dragleave come for every element under the pointer
addEventListener("dragenter", (event) => {
  event.preventDefault();
  $("drop").hidden = ++inside === 0;
});
addEventListener("dragleave", () => ($("drop").hidden = --inside <= 0));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  inside = 0;
  $("drop").hidden = true;
  add(event.dataTransfer.files);
});

async function start() {
  const offline = await goOffline();
  const fetched = (name) => fetch(name).then((response) => (response.ok ? response.json() : Promise.reject(new Error(`${name}: HTTP ${response.status}`))));
  const [card, served] = await Promise.all([fetched("model.json"), fetched("version.json")]);
  own = Math.round(card.threshold * 100);
  $("threshold").value = own;
  moved();
  const url = new URL(`model.onnx?sha256=${card.onnx_sha256}`, location.href).href;
  const { threads } = await ask("load", { url, sha256: card.onnx_sha256 });
  const name = served.version === null ? "Model without a version" : `Model v${served.version}`;
  $("model").textContent = `${name}, SHA-256 ${card.onnx_sha256.slice(0, 12)}; runs here by WebAssembly, ${many(threads, "thread")}. wms ${served.wms}.`;
  $("model").title = card.onnx_sha256;
  $("offline").hidden = !(offline && (await caches.match(url).catch(() => null))); // the storage may be full
  ready = true;
  document.documentElement.dataset.ready = "";
  count();
  work();
}

start().catch((error) => say(`The page cannot work: ${error.message}`));
