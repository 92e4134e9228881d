// What is wrong with where things stand on the page: sentences, none where all is well.
(() => {
  // Lines of one paragraph may touch; two pixels are the rounding of fonts.
  const SLACK = 3;
  const faults = [];
  const window_width = document.documentElement.clientWidth;
  const page_width = document.scrollingElement.scrollWidth;
  if (page_width > window_width) {
    faults.push(`the page is ${page_width} wide in a window of ${window_width}`);
  }
  const short = (text) => text.trim().replace(/\s+/g, " ").slice(0, 40);
  // What may be scrolled in itself is looked at as far as it is seen.
  const seen_of = (element) => {
    let [left, right] = [-Infinity, Infinity];
    for (let e = element; e; e = e.parentElement) {
      if (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX) && e !== document.documentElement) {
        const box = e.getBoundingClientRect();
        [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
      }
    }
    return [left, right];
  };
  const boxes = [];
  const add = (node, element, name, rects) => {
    const [left, right] = seen_of(element);
    const cell = element.closest("td, th")?.getBoundingClientRect();
    for (const r of rects) {
      const box = { node, name, left: Math.max(r.left, left), right: Math.min(r.right, right), top: r.top, bottom: r.bottom };
      // Nothing of it is seen: behind an edge, or the way past the menu, which stands outside until it is wanted.
      if (box.right - box.left < 1 || box.bottom - box.top < 1 || box.right < 0) continue;
      boxes.push(box);
      if (box.right > window_width + 1 || box.left < -1) {
        faults.push(`"${name}" reaches out of the window`);
      }
      if (cell && (r.right > cell.right + 1 || r.left < cell.left - 1)) {
        faults.push(`"${name}" reaches out of its cell`);
      }
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) {
      const parent = node.parentElement;
      if (!node.data.trim() || !parent.checkVisibility() || parent.closest("option, title, svg")) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      add(node, parent, short(node.data), range.getClientRects());
    } else if (/^(img|input|select|svg|button)$/i.test(node.tagName) && node.checkVisibility()) {
      add(node, node, `<${node.tagName.toLowerCase()} ${node.id || node.getAttribute("alt") || ""}>`, [node.getBoundingClientRect()]);
    }
  }
  // What stands before a cell of a card has room for so many letters, and no box of its own to be measured.
  for (const cell of document.querySelectorAll("td[data-th]")) {
    if (cell.dataset.th.length > 15) {
      faults.push(`"${cell.dataset.th}" does not fit before its cell`);
    }
  }
  boxes.sort((a, b) => a.top - b.top);
  for (const [i, a] of boxes.entries()) {
    for (let j = i + 1; j < boxes.length && boxes[j].top < a.bottom - SLACK; j++) {
      const b = boxes[j];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - b.top;
      if (a.node !== b.node && wide > SLACK && high > SLACK) {
        faults.push(`"${a.name}" and "${b.name}" overlap`);
      }
    }
  }
  return faults.slice(0, 10);
})()
