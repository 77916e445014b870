// The widgets of a page are loaded when the first of them comes into sight: what a page shows before is light.
const root = document.currentScript.src.replace(/book\.js.*$/, "");
const widgets = document.querySelectorAll(".widget");

function load(name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: root + name, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

async function wake() {
  window.MathJax ??= {};
  window.MathJax.Hub ??= { Queue() {} }; // ipywidgets asks MathJax 2 to typeset its labels; ours have no formulas
  await load("requirejs/require.js");
  require.config({ paths: { anywidget: root + "anywidget/dist/index" } });
  for (const name of new Set([...widgets].map(widget => widget.dataset.state))) await load(name);
  await load("@jupyter-widgets/html-manager/dist/embed-amd.js");
  new MutationObserver(show).observe(document.body, { childList: true, subtree: true });
}

function show() {
  for (const widget of widgets) if (widget.querySelector(".panel")) widget.classList.add("live");
}

const sight = new IntersectionObserver(seen => {
  if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
  sight.disconnect();
  wake();
}, { rootMargin: "400px" });
widgets.forEach(widget => sight.observe(widget));

// The theme names these by other words than stand on them, which who speaks to the page cannot know.
document.querySelectorAll("summary[aria-label], .search-button-field[aria-label]").forEach(one => one.removeAttribute("aria-label"));

// A formula that is wider than the page scrolls, by keyboard too.
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const wide = [...document.querySelectorAll('mjx-container[display="true"]')].filter(one => one.scrollWidth > one.clientWidth);
  for (const formula of wide) formula.tabIndex = 0;
  document.documentElement.dataset.typeset = "yes";
});

// Whoever reports a fault need not say on which page.
document.querySelectorAll("a.ask").forEach(link => { link.href += `&where=${encodeURIComponent(document.title)}`; });

// Anyone can hide the lecturers' notes; the choice is remembered.
const notes = document.querySelectorAll(".notes-switch input");
const apply = hidden => document.documentElement.classList.toggle("hide-notes", hidden);
try { apply(localStorage.getItem("hide-notes") === "yes"); } catch { /* this browser remembers nothing */ }
notes.forEach(box => {
  box.checked = !document.documentElement.classList.contains("hide-notes");
  box.addEventListener("change", () => {
    apply(!box.checked);
    try { localStorage.setItem("hide-notes", box.checked ? "no" : "yes"); } catch { /* nor now */ }
  });
});

// The first time that a word of the glossary stands in a lesson's text, it leads there and says its meaning.
const known = new Map(Object.entries(terms).map(([word, found]) => [word.toLowerCase(), found]));
const words = [...known.keys()].sort((a, b) => b.length - a.length).map(word => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
const pattern = new RegExp(`(?<![\\p{L}\\d-])(${words.join("|")})(?![\\p{L}\\d-])`, "giu");

function explain(article) {
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT), texts = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest("p, li") && !parent.closest("a, code, .math, mjx-container, .offers, .hook, .widget, .cell, details, table")) texts.push(walker.currentNode);
  }
  for (const text of texts) {
    const pieces = text.data.split(pattern); // every second piece is a word
    if (!pieces.some((piece, k) => k % 2 && known.has(piece.toLowerCase()))) continue;
    text.replaceWith(...pieces.map((piece, k) => {
      const found = k % 2 && known.get(piece.toLowerCase());
      if (!found) return piece;
      known.delete(piece.toLowerCase());
      const link = document.createElement("a");
      Object.assign(link, { className: "term", href: `glossary.html#${found[0]}`, textContent: piece, ariaDescription: found[1] });
      link.dataset.meaning = found[1];
      return link;
    }));
  }
}
if (/lessons\/\d\d_/.test(location.pathname)) explain(document.querySelector("article"));

// Paper is light.
const page = document.documentElement;
let theme;
addEventListener("beforeprint", () => {
  theme = page.dataset.theme;
  page.dataset.theme = "light";
});
addEventListener("afterprint", () => (page.dataset.theme = theme));

// A finger cannot hover: its first tap says the meaning, the second one leads to the glossary.
if (matchMedia("(hover: none)").matches) {
  document.addEventListener("click", event => {
    const term = event.target.closest(".term"), told = document.querySelector(".term.told");
    told?.classList.remove("told");
    if (!term || term === told) return;
    event.preventDefault();
    term.classList.add("told");
  });
}
