"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("main");
const KEY = "ttsft-listening:" + data.plan;
const memory = {};
let kept = true;      // whether this browser keeps answers
let state = null;     // what is kept of this rater
let page = null;      // the trial in front: what was heard, and what was answered
let view = start;
let playing = null;   // {audio, stop}
const urls = {};

// ---- what is kept

function load(key) {
  try { return localStorage.getItem(key) ?? memory[key] ?? null }
  catch { return memory[key] ?? null }
}

function keep(key, value) {
  memory[key] = value;
  try {
    localStorage.setItem(key, value);
    kept = localStorage.getItem(key) === value;
  } catch { kept = false }
}

function save() {
  keep(KEY, state.rater);
  keep(KEY + ":" + state.rater, JSON.stringify(state));
}

function reopen(number) {
  try { return JSON.parse(load(KEY + ":" + number)) } catch { return null }
}

// ---- words

let code = load(KEY + ":language");
if (!data.words[code]) code = data.language;

function say(key, values = {}) {
  return String(data.words[code][key]).replace(/\{(\w)\}/g, (all, name) => values[name] ?? all);
}

function speak() {
  document.documentElement.lang = code;
  document.documentElement.dir = data.words[code].dir;
  document.title = say("title");
}

// ---- elements; texts only ever become text

function el(tag, facts, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(facts || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...inside.filter(x => x !== null));
  return made;
}

function show(next) {
  halt();
  view = next;
  speak();
  const names = Object.keys(data.words);
  const menu = el("select", {id: "language", onchange: change, "aria-label": say("language")},
    ...names.map(c => el("option", {value: c, selected: c === code, lang: c}, data.words[c].name)));
  const head = el("header", null, el("strong", null, say("title")), el("label", null, menu));
  document.querySelector("header")?.remove();
  main.before(head);
  main.replaceChildren(...view());
  main.querySelector("[autofocus],button.play,button.main")?.focus({preventScroll: true});
}

function change(event) {
  code = event.target.value;
  keep(KEY + ":language", code);
  show(view);
}

// ---- sound

function address(name) {
  if (!urls[name]) {
    const bytes = Uint8Array.from(atob(data.sounds[name]), c => c.charCodeAt(0));
    urls[name] = URL.createObjectURL(new Blob([bytes], {type: "audio/mpeg"}));
  }
  return urls[name];
}

function halt() {
  if (playing) playing.stop();
  playing = null;
}

function whole(audio) {
  let heard = 0;
  for (let i = 0; i < audio.played.length; i++) heard += audio.played.end(i) - audio.played.start(i);
  return heard >= audio.duration - 0.3;
}

function player(name, label, done, count) {
  const button = el("button", {type: "button", className: "play", "aria-label": label + ": " + say("play")}, say("play"));
  if (count) button.classList.add("heard");
  const rest = () => { button.textContent = say("play"); button.setAttribute("aria-label", label + ": " + say("play")) };
  button.addEventListener("click", () => {
    const own = playing && playing.button === button;
    halt();
    if (own) return;
    const audio = new Audio(address(name));
    const stop = () => { audio.pause(); rest() };
    playing = {audio, button, stop};
    button.textContent = say("stop");
    button.setAttribute("aria-label", label + ": " + say("stop"));
    audio.addEventListener("ended", () => {
      playing = null;
      rest();
      if (!whole(audio)) return;
      button.classList.add("heard");
      done();
    });
    const fail = () => { halt(); alert(say("no_sound")) };
    audio.addEventListener("error", fail);
    audio.play().catch(error => { if (error.name !== "AbortError") fail() });
  });
  return button;
}

// ---- pages

function start() {
  const last = load(KEY), old = last && reopen(last);
  const agree = el("input", {type: "checkbox", id: "agree", checked: Boolean(old)});
  const number = el("input", {type: "number", id: "number", min: 1, max: data.raters, step: 1, inputMode: "numeric",
                              value: last || ""});
  const go = el("button", {type: "button", className: "main", id: "start"}, say(old ? "resume" : "start"));
  const file = el("input", {type: "file", id: "file", accept: ".json,.txt"});
  const told = el("p", {className: "warn", role: "status"});
  const valid = () => /^\d+$/.test(number.value) && number.value >= 1 && number.value <= data.raters;
  const look = () => { go.disabled = !(agree.checked && valid()) };
  agree.addEventListener("change", look);
  number.addEventListener("input", look);
  go.addEventListener("click", () => {
    const rater = String(Number(number.value));
    state = reopen(rater) || {rater, device: random(), started: new Date().toISOString(), answers: []};
    save();
    show(state.ready ? trial : volume);
  });
  file.addEventListener("change", async () => {
    const found = read(await file.files[0].text());
    if (!found) { told.textContent = say("bad_file"); return }
    state = {...found, ready: false};
    save();
    show(volume);
  });
  look();
  return [el("h1", null, say("title")), el("p", null, say("hello")),
    el("label", {className: "check"}, agree, el("span", null, say("agree") + ": " + say("consent"))),
    el("label", null, say("number"), number), el("p", {className: "mute"}, say("number_help", {n: data.raters})), go,
    told, el("details", null, el("summary", null, say("load")), file)];
}

function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(4)), b => b.toString(16).padStart(2, "0")).join("");
}

function read(text) {
  try {
    const found = JSON.parse(text);
    const right = found.plan === data.plan && found.rater >= 1 && found.rater <= data.raters
      && /^[0-9a-f]{8}$/.test(found.device) && Array.isArray(found.answers);
    if (!right) return null;
    return {rater: String(Number(found.rater)), device: found.device, started: found.started, answers: found.answers};
  } catch { return null }
}

function volume() {
  const next = el("button", {type: "button", className: "main", id: "volume", disabled: true,
                             onclick: () => show(task)}, say("volume_done"));
  const button = player(data.sample, say("volume_title"), () => { next.disabled = false; next.focus() }, 0);
  return [el("h1", null, say("volume_title")), el("p", null, say("volume")), button, next];
}

function task() {
  const go = () => { state.ready = true; save(); show(trial) };
  return [el("h1", null, say("task_title")), el("p", null, say("task_" + data.method)),
    el("p", {className: "mute"}, say("keys")),
    el("button", {type: "button", className: "main", id: "task", onclick: go}, say("next"))];
}

// ---- trials

function schedule() { return data.schedules[(state.rater - 1) % data.schedules.length] }

function position() {
  const done = new Set(state.answers.map(a => a.trial));
  return schedule().findIndex((_, k) => !done.has(k));
}

function open(k) {
  const t = schedule()[k];
  return {k, clips: t.clips, text: data.texts[t.text], reference: t.reference || null, plays: t.clips.map(() => 0),
          referencePlays: 0, scores: t.clips.map(() => null), words: {}, since: performance.now()};
}

function trial() {
  const k = position();
  if (k < 0) return end();
  if (!page || page.k !== k) page = open(k);
  const total = schedule().length;
  const next = el("button", {type: "button", className: "main", id: "next", onclick: answer}, say("next"));
  const hint = el("p", {className: "mute", id: "hint", role: "status"});
  const body = {mos: one, transcription: one, ab: pair, multi: many, mushra: many}[data.method];
  const fields = [];
  const update = () => {
    const heard = page.plays.every(n => n > 0) && (!page.reference || page.referencePlays > 0);
    for (const [field, allowed] of fields) field.disabled = !allowed();
    const given = data.method === "transcription" || page.scores.every(s => s !== null);
    next.disabled = !(heard && given);
    hint.textContent = say(heard ? "rate" : "listen");
  };
  page.update = update;
  const parts = body(fields, update);
  const made = [el("p", {className: "progress"}, el("bdi", {dir: "ltr", id: "progress"}, say("progress", {k: k + 1, n: total}))),
    el("progress", {max: total, value: k}), sentence(), ...parts, hint, next, corrections(), footer()];
  update();
  return made.filter(x => x !== null);
}

function sentence() {
  if (data.method === "transcription") return null;
  return el("p", {className: "sentence", dir: "auto", lang: data.speech, "aria-label": say("sentence")}, page.text);
}

function clip(k, update, inside = []) {
  const label = say("clip", {n: k + 1});
  const button = player(page.clips[k], label, () => { page.plays[k]++; update() }, page.plays[k]);
  return el("div", {className: "clip"}, el("div", {className: "row"}, el("span", null, label), button), ...inside);
}

function choices(fields, update, rows, chosen, choose) {
  const set = el("fieldset", {id: "choices"}, ...rows.map(([value, label]) =>
    el("label", {className: "choice"},
       el("input", {type: "radio", name: "score", value, checked: value === chosen,
                    onchange: () => { choose(value); update() }}), el("span", null, label))));
  fields.push([set, () => page.plays.every(n => n > 0)]);
  return set;
}

function one(fields, update) {
  if (data.method === "transcription") {
    const box = el("textarea", {id: "heard", dir: "auto", lang: data.speech, maxLength: 2000, spellcheck: false,
      autocapitalize: "off", value: page.words.heard || "",
      oninput: event => { page.words.heard = event.target.value; update() }});
    fields.push([box, () => page.plays[0] > 0]);
    return [clip(0, update), el("label", null, say("heard"), box)];
  }
  const scale = data.words[code].scale;
  const rows = [5, 4, 3, 2, 1].map(n => [n, n + " · " + scale[n - 1]]);
  return [clip(0, update), choices(fields, update, rows, page.scores[0], n => { page.scores = [n] })];
}

function pair(fields, update) {
  const rows = [[1, say("first")], [2, say("second")], [0, say("same")]];
  const chosen = page.scores[0] === null ? null : {1: 1, 0: 2, 0.5: 0}[page.scores[0]];
  const choose = n => { page.scores = [[0.5, 0.5], [1, 0], [0, 1]][n] };
  return [clip(0, update), clip(1, update), choices(fields, update, rows, chosen, choose)];
}

function many(fields, update) {
  const made = page.clips.map((_, k) => {
    const told = el("output", null, page.scores[k] === null ? "–" : String(page.scores[k]));
    const slider = el("input", {type: "range", min: 0, max: 100, step: 1, "aria-label": say("clip", {n: k + 1}),
      className: page.scores[k] === null ? "new" : "", oninput: set, onchange: set, onclick: set});
    slider.value = page.scores[k] ?? 50;
    function set() {
      page.scores[k] = Number(slider.value);
      told.textContent = slider.value;
      slider.className = "";
      update();
    }
    fields.push([slider, () => page.plays[k] > 0]);
    const bands = el("div", {className: "bands"}, ...data.words[code].scale.map(w => el("span", null, w)));
    return clip(k, update, [el("div", {className: "row slider"}, slider, told), bands]);
  });
  if (!page.reference) return made;
  const button = player(page.reference, say("reference"), () => { page.referencePlays++; update() },
                        page.referencePlays);
  return [el("div", {className: "clip"}, el("div", {className: "row"}, el("strong", null, say("reference")), button)),
          ...made];
}

function corrections() {
  const field = (name, label) => {
    const box = el("textarea", {id: name, dir: "auto", maxLength: 2000, value: page.words[name] || "",
      oninput: event => { page.words[name] = event.target.value }});
    return el("label", null, label, box);
  };
  const several = page.clips.length > 1;
  const which = !several ? null : el("select", {id: "about", onchange: event => { page.about = event.target.value }},
    el("option", {value: ""}, "–"),
    ...page.clips.map((c, k) => el("option", {value: c, selected: c === page.about}, say("clip", {n: k + 1}))));
  const asked = data.method === "transcription" ? ["comment"] : ["wrong", "text", "comment"];
  const used = asked.some(name => page.words[name]);
  return el("details", {open: used}, el("summary", null, say("faults")), which, ...asked.map(n => field(n, say(n))));
}

function tidy(text) { // without control characters and halves of characters, which no file should carry
  const whole = Array.from(text.slice(0, 2000)).filter(c => c.length > 1 || !/[\ud800-\udfff]/.test(c)).join("");
  return whole.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, " ").trim();
}

function answer() {
  const written = Object.entries(page.words).map(([name, text]) => [name, tidy(text)]);
  const words = Object.fromEntries(written.filter(([_, text]) => text));
  if (data.method === "transcription") words.heard = words.heard || ""; // nothing was understood
  if (page.clips.length === 1 && Object.keys(words).some(name => name !== "heard")) page.about = page.clips[0];
  if (page.about) words.about = page.about;
  const scores = data.method === "transcription" ? {}
    : Object.fromEntries(page.clips.map((c, k) => [c, page.scores[k]]));
  state.answers.push({trial: page.k, scores, plays: page.plays.map(n => Math.min(n, 1000)), ended: true,
    seconds: Math.min(Math.round(performance.now() - page.since) / 1000, 86400), time: new Date().toISOString(), ...words});
  page = null;
  save();
  show(trial);
  scrollTo(0, 0);
}

// ---- sending

function result() {
  const {rater, device, started, answers} = state;
  const whole = {format: "ttsft listening answers", version: 1, plan: data.plan, rater, device, language: code, started,
                 answers};
  return JSON.stringify(whole, null, 1);
}

function fileName(end) { return "answers-" + state.rater + "-" + state.device + end }

function download() {
  const link = el("a", {href: URL.createObjectURL(new Blob([result()], {type: "application/json"})),
                        download: fileName(".json")});
  document.body.append(link);
  link.click();
  link.remove();
}

function sending() {
  const save = el("button", {type: "button", id: "save", onclick: download}, say("save"));
  let share = null;
  const file = new File([result()], fileName(".txt"), {type: "text/plain"});
  if (navigator.canShare && navigator.canShare({files: [file]})) {
    share = el("button", {type: "button", onclick: () => navigator.share({files: [file]}).catch(() => {})}, say("share"));
  }
  return el("div", {className: "row"}, save, share);
}

function footer() {
  const warn = kept ? null : el("p", {className: "warn"}, say("not_kept"));
  return el("details", {open: !kept}, el("summary", null, say("save")), warn, sending());
}

function end() {
  const box = el("textarea", {id: "result", readOnly: true, value: result(), dir: "ltr",
                              onfocus: event => event.target.select()});
  return [el("h1", {id: "done"}, say("done_title")), el("p", null, say("done")), sending(),
          el("p", {className: "mute"}, say("as_text")), box,
          el("button", {type: "button", className: "main", id: "another", onclick: another}, say("another"))];
}

function another() {
  keep(KEY, "");
  state = null;
  show(start);
}

// ---- keys: digits choose; space plays and Enter goes on where no button has the focus

addEventListener("keydown", event => {
  const on = event.target;
  if (view !== trial || !page || event.altKey || event.ctrlKey || event.metaKey) return;
  if (on.matches("textarea,select,input[type=number],input[type=file]")) return;
  if (/^\d$/.test(event.key)) {
    const choice = document.querySelector(`#choices:not(:disabled) input[value="${event.key}"]`);
    const button = data.method in {multi: 1, mushra: 1} && document.querySelectorAll(".clip button.play")[event.key - 1];
    if (choice) { choice.click(); document.getElementById("next").focus() }
    if (button) button.click();
    if (choice || button) event.preventDefault();
    return;
  }
  if (on.matches("button,summary")) return;
  if (event.key === " ") {
    const buttons = [...document.querySelectorAll("button.play")];
    (buttons.find(b => !b.classList.contains("heard")) || buttons[0]).click();
    event.preventDefault();
  }
  if (event.key === "Enter") document.getElementById("next").click();
});

addEventListener("beforeunload", event => { if (!kept && state && state.answers.length) event.preventDefault() });

// ---- after a reload the test goes on where it was

const last = load(KEY);
const old = last && reopen(last);
if (old && old.ready) { state = old; show(trial) } else show(start);
})();
