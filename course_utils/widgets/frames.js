// The frames that frames.py has baked for a deck: they answer in place of the kernel.

function answerFromFrames(model) {
  const zipped = new Blob([model.get("frames").zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  const frames = new Response(zipped).json(), sliders = model.get("sliders");
  let state = 0;

  return async ({ press, click }) => {
    const { pieces, states, leads, jumps, clicks, columns, cell } = await frames;
    const add = (sum, name) => sum * (sliders[name].max + 1) + model.get("values")[name];
    const number = () => Object.keys(sliders).reduce(add, 0);
    let answer = {};
    if (press in leads[state]) state = leads[state][press];
    else if (press) answer = jumps[press]?.[number()] ?? "The slides do not hold this. Press it in JupyterLab.";
    else if (click) answer = clicks[Math.floor(click[1] / cell) * columns + Math.floor(click[0] / cell)];
    const said = typeof answer === "string" ? answer : "";
    if (!said) model.set("values", { ...model.get("values"), ...answer });
    const [svg, numbers, alt] = states[state][number()];
    model.set("svg", svg.map((piece) => pieces[piece]).join(""));
    model.set("numbers", numbers);
    model.set("alt", alt);
    model.set("message", said);
    model.set("drawn", model.get("drawn") + 1);
  };
}
