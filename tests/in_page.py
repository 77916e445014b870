"""What several browser tests share: JavaScript that runs in a page, and how long to wait for what may hang."""

HANG = 600_000  # milliseconds; a slow machine must not lose a test, so it only ends one that would never end

# The text of an SVG as the browser writes it.
READ_BY_BROWSER = """(panel, svg) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  node.innerHTML = svg;
  return node.innerHTML;
}"""
# Milliseconds from each key press until the changed picture is on the screen: two frames after it changed.
START_CLOCK = """panel => {
  window.latencies = [];
  let pressed = null;
  panel.addEventListener("keydown", () => { pressed = performance.now(); });
  const nextFrame = () => new Promise(requestAnimationFrame);
  new MutationObserver(async () => {
    const since = pressed;
    pressed = null;
    await nextFrame();
    await nextFrame();
    if (since !== null) window.latencies.push(performance.now() - since);
  }).observe(panel.querySelector(".panel-picture"), { attributes: true, subtree: true, childList: true });
}"""
# The state of the open lesson: null until its kernel is idle, then the counts of the code cells above the active one, and the errors.
LESSON_STATE = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  if (panel?.sessionContext?.session?.kernel?.status !== "idle" || !panel.context.isReady) return null;
  const above = [...panel.content.model.cells].slice(0, panel.content.activeCellIndex);
  const cells = above.filter(cell => cell.type === "code" && cell.sharedModel.getSource().trim());
  const errors = cells.flatMap(cell => cell.outputs.toJSON().filter(output => output.output_type === "error"));
  return {
    counts: cells.map(cell => cell.executionCount),
    errors: errors.map(error => `${error.ename}: ${error.evalue}`),
  };
}"""
# Run the cells above the first one that calls a function at the beginning of a line; window.ran says when that is done.
RUN_ABOVE = """function_ => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const calls = cell => cell.type === "code" && cell.sharedModel.getSource().split("\\n").some(line => line.startsWith(`${function_}(`));
  notebook.activeCellIndex = [...notebook.model.cells].findIndex(calls);
  window.ran = false;
  window.jupyterapp.commands.execute("notebook:run-all-above").finally(() => { window.ran = true; });
}"""
