"""Every text that a page shows: how large it is, and whether it lies on another or runs out of its picture."""

from __future__ import annotations

from typing import NamedTuple

#: Reads the lines of text of a page that somebody can see, each with the box of its ink: from the highest to the lowest
#: point of its letters, by the metrics of its font, wherever the page draws it.
_READ = """() => {
  const told = [];
  const pen = document.createElement('canvas').getContext('2d');
  const seen = (node) => {
    if (!node.checkVisibility({ contentVisibilityAuto: true })) { return false; }  // such as what a closed part holds
    for (let one = node; one && one !== document.body; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.visibility === 'hidden' || style.display === 'none' || Number(style.opacity) === 0) { return false; }
    }
    return true;
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const text = node.data.trim(), parent = node.parentElement;
    if (!text || ['SCRIPT', 'STYLE', 'TITLE', 'title', 'OPTION', 'NOSCRIPT'].includes(parent.tagName)) { continue; }
    if (parent.closest('.irregsim-unseen, .tally') || !seen(parent)) { continue; }
    const svg = parent.closest('svg'), style = getComputedStyle(parent);
    const font = parseFloat(style.fontSize);
    let scale = 1;
    if (svg) { scale = parent.getScreenCTM().a; }
    for (let one = parent; one && !svg; one = one.parentElement) {
      const transform = getComputedStyle(one).transform;
      if (transform !== 'none') { scale *= new DOMMatrix(transform).a; }
    }
    pen.font = `${style.fontStyle} ${style.fontWeight} ${font}px ${style.fontFamily}`;
    const ink = pen.measureText(text), line = pen.measureText('X');
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.right < 0) { continue; }
      const spare = (box.height - scale * (line.fontBoundingBoxAscent + line.fontBoundingBoxDescent)) / 2;
      const base = box.top + spare + scale * line.fontBoundingBoxAscent;
      const whole = svg ? svg.getBoundingClientRect() : null;
      told.push({
        text, size: font * scale, left: box.left, right: box.right,
        top: base - scale * ink.actualBoundingBoxAscent, bottom: base + scale * ink.actualBoundingBoxDescent,
        over: whole ? Math.max(whole.left - box.left, box.right - whole.right, whole.top - box.top - 3,
                               box.bottom - whole.bottom - 3, 0) : 0,
        place: parent.closest('.irregsim-bar') ? 'bar' : parent.closest('.v-navigation-drawer') ? 'side'
          : parent.closest('.v-app-bar, header') ? 'top' : parent.closest('.v-menu__content') ? 'menu'
          : svg ? 'picture' : 'page',
      });
    }
  }
  return told;
}"""


class Line(NamedTuple):
    """A line of text on a page, with the box of its ink in pixels of the page.

    Attributes:
        text: What it says (the whole text where that has several lines).
        size: Of its type, in pixels as they are shown.
        place: ``picture``, ``page``, ``bar``, ``side``, ``top`` or ``menu``.
        over: By how much it runs out of its picture.
    """

    text: str
    size: float
    left: float
    right: float
    top: float
    bottom: float
    place: str
    over: float


def lines(page) -> list[Line]:
    """What somebody who looks at a page can read."""
    return [Line(**one) for one in page.evaluate(_READ)]


def overlapping(found: list[Line]) -> list[tuple[str, str]]:
    """Texts whose ink overlaps by more than a pixel in both directions; what is fixed over the page is by itself."""
    out = []
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            if ({one.place, other.place} <= {"picture", "page"} or one.place == other.place) and (
                min(one.right, other.right) - max(one.left, other.left) > 1
                and min(one.bottom, other.bottom) - max(one.top, other.top) > 1
            ):
                out.append((one.text, other.text))
    return out


def too_small(found: list[Line], least: float) -> list[tuple[str, float]]:
    """Texts whose type is smaller than it must be, in pixels."""
    return [(one.text, round(one.size, 1)) for one in found if one.size < least]


def cut(found: list[Line]) -> list[tuple[str, float]]:
    """Texts that run out of their picture by more than a pixel."""
    return [(one.text, round(one.over, 1)) for one in found if one.over > 1]
