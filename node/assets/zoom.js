// Drawing the mouse over a chart of blocks of time opens the stretch that was drawn over. Links in the table do as much
// without it.

// Where the blocks are in the picture, as shares of its width: probe-core/chart draws them so.
const LEFT = 90 / 760;
const RIGHT = 750 / 760;
// What is narrower, pixels, was a click: the link under it opens the picture.
const CLICK = 6;

for (const picture of document.querySelectorAll("img[data-from]")) {
  const link = picture.closest("a");
  const [from, to] = [Number(picture.dataset.from), Number(picture.dataset.to)];
  let begun;
  let chosen;

  const at = (event) => {
    const box = picture.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / box.width, LEFT), RIGHT);
  };
  const second = (share) => Math.round(from + ((share - LEFT) / (RIGHT - LEFT)) * (to - from));
  const forget = () => {
    chosen?.remove();
    begun = chosen = undefined;
  };

  link.addEventListener("dragstart", (event) => event.preventDefault());
  link.addEventListener("pointerdown", (event) => {
    if (event.button === 0) {
      begun = at(event);
      link.setPointerCapture(event.pointerId);
    }
  });
  link.addEventListener("pointermove", (event) => {
    if (begun === undefined) {
      return;
    }
    if (!chosen) {
      chosen = document.createElement("span");
      chosen.className = "chosen";
      link.append(chosen);
    }
    const here = at(event);
    chosen.style.left = `${Math.min(begun, here) * 100}%`;
    chosen.style.width = `${Math.abs(here - begun) * 100}%`;
  });
  link.addEventListener("pointercancel", forget);
  // A click follows each pointer that goes up; it leads on, or is left to the link.
  link.addEventListener("click", (event) => {
    if (begun === undefined) {
      return;
    }
    const [first, last] = [begun, at(event)].sort((a, b) => a - b);
    forget();
    if ((last - first) * picture.getBoundingClientRect().width > CLICK) {
      event.preventDefault();
      location.assign(`/explorer/time/range?from=${second(first)}&to=${second(last)}`);
    }
  });
}
document.documentElement.classList.add("script");
