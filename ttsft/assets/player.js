"use strict";
let playing = null;
function deck(article) {
  const figures = [...article.querySelectorAll("figure.player")], sounds = figures.map(f => f.querySelector("audio"));
  if (!sounds.some(Boolean)) return;
  const make = (tag, words) => Object.assign(document.createElement(tag), words);
  const keys = make("div", {className: "keys"}), play = make("button", {className: "play", type: "button"});
  const clock = make("time", {}), choice = make("span", {className: "keys"});
  let on = sounds.findIndex(Boolean);
  choice.setAttribute("role", "radiogroup");
  choice.setAttribute("aria-label", "System");
  const buttons = figures.map((figure, i) => {
    const name = figure.querySelector("figcaption").textContent;
    const b = make("button", {type: "button", textContent: `${i+1} ${name}`, disabled: !sounds[i]});
    if (!sounds[i]) b.textContent += ", no sound";
    b.setAttribute("role", "radio");
    b.addEventListener("click", () => choose(i));
    choice.append(b);
    return b;
  });
  const length = () => sounds[on].duration || 0;
  function show() {
    const t = sounds[on].currentTime, busy = !sounds[on].paused;
    play.textContent = busy ? "Pause" : "Play";
    clock.textContent = `${t.toFixed(1)} / ${length().toFixed(1)} s`;
    buttons.forEach((b, i) => {
      b.setAttribute("aria-checked", i === on);
      b.tabIndex = i === on ? 0 : -1;
      figures[i].classList.toggle("on", i === on);
    });
    const cursor = figures[on].querySelector(".cursor");
    if (cursor) cursor.style.left = `${length() ? 100*t/length() : 0}%`;
    if (busy) requestAnimationFrame(show);
  }
  function start() {
    if (playing && playing !== sounds[on]) playing.pause();
    playing = sounds[on];
    playing.play().then(show, show);
  }
  function choose(i) {
    if (!sounds[i] || i === on) return;
    const from = sounds[on], busy = !from.paused;
    from.pause();
    on = i;
    sounds[on].currentTime = Math.min(from.currentTime, length() || from.currentTime);
    if (busy) start();
    show();
  }
  function toggle() { if (sounds[on].paused) start(); else sounds[on].pause(); }
  function go(t) { sounds[on].currentTime = Math.max(0, Math.min(length(), t)); show(); }
  figures.forEach((figure, i) => {
    const track = figure.querySelector(".track");
    if (!track || !sounds[i]) return;
    track.addEventListener("click", e => {
      const box = track.getBoundingClientRect();
      choose(i);
      go(length()*(e.clientX-box.left)/box.width);
      start();
    });
  });
  for (const s of sounds.filter(Boolean))
    for (const event of ["play", "pause", "ended", "loadedmetadata", "seeked"]) s.addEventListener(event, show);
  play.addEventListener("click", toggle);
  article.addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const n = Number(e.key);
    if (n >= 1 && n <= sounds.length) choose(n-1);
    else if (e.key === " ") toggle();
    else if (e.key === "ArrowRight") go(sounds[on].currentTime+.5);
    else if (e.key === "ArrowLeft") go(sounds[on].currentTime-.5);
    else return;
    e.preventDefault();
  });
  article.tabIndex = 0;
  article.setAttribute("role", "group");
  article.setAttribute("aria-label", "Player. Keys: 1 to "+sounds.length+" switch, space plays, arrows move");
  keys.append(play, choice, clock);
  article.querySelector(".clips").before(keys);
  article.classList.add("deck");
  show();
}
document.querySelectorAll("section.grid article").forEach(deck);
