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
