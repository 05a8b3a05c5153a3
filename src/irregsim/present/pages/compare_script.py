"""The script of the report of a comparison. The page needs none to be read."""

from __future__ import annotations

from typing import Final

#: Shows one twin at a time, prints the summary alone on one page, and opens what a link leads to. Without it, all twins
#: are there.
SCRIPT: Final = """
"use strict";
document.querySelectorAll(".twins").forEach(function (box, n) {
  var lives = Array.from(box.querySelectorAll(".twin"));
  if (lives.length < 2) { return; }
  var bar = document.createElement("div");
  bar.className = "chooser";
  var name = document.createElement("label");
  var list = document.createElement("select");
  list.id = "twin-" + n;
  name.htmlFor = list.id;
  name.textContent = box.dataset.label;
  lives.forEach(function (life, i) {
    var option = document.createElement("option");
    option.value = String(i);
    option.textContent = life.dataset.name;
    list.appendChild(option);
  });
  function show(i) {
    list.selectedIndex = (i + lives.length) % lives.length;
    lives.forEach(function (life, j) { life.hidden = j !== list.selectedIndex; });
  }
  function button(text, step) {
    var one = document.createElement("button");
    one.type = "button";
    one.textContent = text;
    one.addEventListener("click", function () { show(list.selectedIndex + step); });
    return one;
  }
  list.addEventListener("change", function () { show(list.selectedIndex); });
  bar.append(name, list, button(box.dataset.before, -1), button(box.dataset.next, 1));
  box.before(bar);
  show(0);
});
document.querySelectorAll("button.print").forEach(function (button) {
  button.hidden = false;
  button.addEventListener("click", function () {
    var part = document.querySelector("main"), first = part.querySelector(".first");
    part.classList.add(button.dataset.part);
    // As wide as the paper within its margins; what would be higher than the paper becomes smaller.
    part.style.maxWidth = "182mm";
    part.style.padding = "0";
    first.style.zoom = Math.min(1, 0.97 * 269 * 96 / 25.4 / first.getBoundingClientRect().height);
    window.print();
    first.style.zoom = "";
    part.removeAttribute("style");
    part.classList.remove(button.dataset.part);
  });
});
function unfold() {
  var there = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (var box = there; box; box = box.parentElement) { if (box.tagName === "DETAILS") { box.open = true; } }
}
window.addEventListener("hashchange", unfold);
unfold();
"""
