// Exercises that are answered on the page. All that can be said was asked of the course's own judge when the page was
// made (answer_forms.py): here an answer is read, and looked up.
const answers = (() => {
  // Return the number that a text says, such as 0.5, 1/2, 50%, −0.5, 1,000 or 1e-3; NaN if it says none.
  function number(text) {
    const plain = text.trim().replace(/^[−–]/, "-").replace(/e[−–]/i, "e-");
    if (/[^%]%$/.test(plain)) return number(plain.slice(0, -1)) / 100;
    const [above, ...below] = plain.split("/");
    if (below.length) return below.length === 1 ? finite(number(above) / number(below[0])) : NaN;
    const bare = /^[-+]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(plain) ? plain.replaceAll(",", "") : plain;
    return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(bare) ? finite(Number(bare)) : NaN;
  }

  function finite(value) {
    return Number.isFinite(value) ? value : NaN;
  }

  // Return the parts of "a, b", "(a, b)" or "[a; b]", which may hold commas themselves: 1,000, 2.
  function split(text, count) {
    const inner = text.trim().replace(/^[[(]/, "").replace(/[\])]$/, "").trim();
    if (count === 1) return [inner];
    const parts = inner.split(/\s*;\s*|\s*,\s+/);
    return parts.length > 1 ? parts : inner.split(",");
  }

  // Return the place of the words that a field's text is told, 0 if it is right, and the text's parts.
  function look(field, text) {
    if (field.told) return [field.told[text], [text]];
    const parts = split(text, field.count);
    const values = parts.map(number);
    if (values.length !== field.count || values.some(Number.isNaN)) return [field.form, [text]];
    const inside = box => values.every((x, i) => (box[2 * i] ?? -Infinity) <= x && x <= (box[2 * i + 1] ?? Infinity));
    return [field.boxes.find(inside).at(-1), parts.map(part => part.trim())];
  }

  // Return the first words of a verdict and all others.
  function judge(table, texts) {
    if (texts.some(text => !text.trim())) return ["Not attempted yet.", "Fill in every field, and press Check again."];
    const found = table.fields.map((field, i) => look(field, texts[i]));
    const wrong = found.filter(([place]) => place !== 0);
    if (!wrong.length) return ["Right.", table.words[0]];
    const [place, parts] = wrong[0];
    const lead = (table.lead ?? "").replace("{}", found.length - wrong.length);
    const shown = i => parts[i || 0].replaceAll("`", "'").slice(0, 60);
    return ["Not yet.", lead + table.words[place].replace(/\{(\d?)\}/, (_, i) => shown(i))];
  }

  // Show a verdict; what stands in `…` is code, as in the notebook.
  function show(box, [first, words]) {
    box.className = `verdict ${{ "Right.": "right", "Not yet.": "wrong" }[first] ?? ""}`;
    const bold = document.createElement("b");
    bold.textContent = first;
    box.replaceChildren(bold, " ", ...words.split("`").map((text, i) => {
      if (i % 2 === 0) return text;
      const code = document.createElement("code");
      code.textContent = text;
      return code;
    }));
  }

  // What is solved is remembered in this browser, where it may be.
  const solved = {
    key: "solved-exercises",
    all() {
      try { return JSON.parse(localStorage.getItem(this.key)) ?? []; } catch { return []; }
    },
    add(name) {
      try { localStorage.setItem(this.key, JSON.stringify([...new Set([...this.all(), name])].sort())); } catch { /* not */ }
    },
  };

  // How many of the page's are solved stands below its title; its table of contents marks them.
  const forms = document.querySelectorAll("form.answer");
  const tally = forms.length ? document.querySelector(".offers")?.appendChild(document.createElement("span")) : null;
  function count() {
    const known = solved.all(), done = [...forms].map(form => form.dataset.exercise).filter(name => known.includes(name));
    if (tally) tally.textContent = ` · solved on this page: ${done.length} of ${forms.length}`;
    for (const name of done) document.querySelector(`.page-toc a[href^="#exercise-${name.replace(".", "-")}-"]`)?.classList.add("done");
  }
  count();

  for (const form of forms) {
    const mark = form.querySelector(".solved");
    mark.hidden = !solved.all().includes(form.dataset.exercise);
    form.addEventListener("submit", event => {
      event.preventDefault();
      const table = JSON.parse(form.querySelector("script").textContent);
      const typed = new FormData(form);
      const verdict = judge(table, table.fields.map((_, i) => typed.get(String(i)) ?? ""));
      show(form.querySelector(".verdict"), verdict);
      if (verdict[0] !== "Right.") return;
      solved.add(form.dataset.exercise);
      mark.hidden = false;
      count();
    });
  }

  return { judge, number };
})();
