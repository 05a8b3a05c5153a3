"use strict";
(function () {
  var words = JSON.parse(document.getElementById("words").textContent);
  var main = document.getElementById("main"), note = document.getElementById("note");
  var code = location.pathname.split("/")[1], token = sessionStorage.getItem(code) || "";
  var shown = "", every = 2000, sent = 0, over = false;

  function make(tag, text, parent, attributes) {
    var one = document.createElement(tag);
    if (text) { one.textContent = text; }
    Object.keys(attributes || {}).forEach(function (name) { one.setAttribute(name, attributes[name]); });
    if (parent) { parent.appendChild(one); }
    return one;
  }

  function say(text) { if (note.textContent !== text) { note.textContent = text; } }

  function only(text) {
    if (shown !== text) { shown = text; main.textContent = ""; make("p", text, main); }
  }

  function end(text) { over = true; sessionStorage.removeItem(code); say(""); only(text); }

  function asked(what, body) {
    var how = { method: body === undefined ? "GET" : "POST", headers: { "x-phone": token }, cache: "no-store" };
    if (body) { how.headers["content-type"] = "application/json"; how.body = JSON.stringify(body); }
    return fetch("/" + code + "/" + what + "?lang=" + words.lang, how).then(function (answer) {
      if (answer.status === 404) { end(words.ended); throw new Error("over"); }
      return answer.json().then(function (told) { told.status = answer.status; return told; });
    });
  }

  function number(value) { return value.toLocaleString(words.lang === "nb" ? "nb-NO" : "en"); }

  function percent(answer, much) { return (answer === "up" ? "+" : "\u2212") + much + "\u00a0%"; }

  function tell(what, body) {
    var mine = ++sent;
    asked(what, body).then(function (told) {
      if (mine !== sent) { return; }
      say(told.status === 200 ? words.sent : words.lost);
    }).catch(function () { if (!over) { say(words.lost); } });
  }

  function slider(box, name, low, high, step, value, written, changed) {
    var text = make("label", name, box), out = make("output", written(value), text);
    text.insertBefore(document.createTextNode(" "), out);
    var range = make("input", "", text, { type: "range", min: low, max: high, step: step });
    range.value = value;
    range.addEventListener("input", function () { out.textContent = written(Number(range.value)); });
    range.addEventListener("change", function () { changed(Number(range.value)); });
  }

  function press(buttons, chosen) {
    buttons.forEach(function (one) { one.setAttribute("aria-pressed", String(one === chosen)); });
  }

  function predict(state) {
    make("h2", state.title, main);
    make("p", state.question, main);
    state.asked.forEach(function (one) {
      var box = make("fieldset", "", main), much = null, answer = one.mine ? one.mine[0] : "";
      make("legend", one.words, box);
      var choices = make("div", "", box, { "class": "choices" }), below = make("div", "", box);
      function amount() {
        below.textContent = "";
        if (answer !== "up" && answer !== "down") { return; }
        slider(below, words.how_much, one.step, Math.floor(one.most / one.step) * one.step, one.step, much,
          function (value) { return percent(answer, value); },
          function (value) { much = value; send(); });
      }
      function send() { tell("answer", { name: one.name, answer: answer, much: answer === "same" ? 0 : much }); }
      var buttons = ["up", "same", "down"].map(function (which) {
        var button = make("button", words["answer_" + which], choices, { type: "button", "aria-pressed": "false" });
        button.addEventListener("click", function () {
          if (answer === which) { return; }
          answer = which;
          much = much || Math.max(1, Math.floor(Math.floor(one.most / 2) / one.step)) * one.step;
          press(buttons, button);
          amount();
          send();
        });
        if (answer === which) { button.setAttribute("aria-pressed", "true"); }
        return button;
      });
      if (one.mine) { much = one.mine[1] || null; amount(); }
    });
  }

  function groups(state) {
    make("h2", words.choose_group, main);
    var row = make("div", "", main, { "class": "row" }), below = make("div", "", main);
    function open(group, mine) {
      below.textContent = "";
      make("h2", words.group.replace("#", group.number) + ": " + group.name, below);
      var half = Math.floor((group.high - group.low) / 2 / group.step) * group.step;
      var value = mine === null ? Number((Number(group.low) + half).toFixed(6)) : mine;
      function send() { tell("group", { group: group.number, value: value }); }
      slider(below, words.value + " (" + group.unit + "):", group.low, group.high, group.step, value, number,
        function (chosen) { value = chosen; send(); });
      make("button", words.use, below, { type: "button" }).addEventListener("click", send);
      make("p", "", below, { id: "value", "data-group": group.number });
      count(state);
    }
    var buttons = state.groups.map(function (group) {
      var button = make("button", words.group.replace("#", group.number), row,
        { type: "button", "aria-pressed": String(state.group === group.number) });
      button.addEventListener("click", function () {
        press(buttons, button);
        tell("group", { group: group.number, value: null });
        open(group, null);
      });
      return button;
    });
    if (state.group) { open(state.groups[state.group - 1], state.mine); }
  }

  function count(state) {
    var place = document.getElementById("value");
    if (!place || !state.groups) { return; }
    var group = state.groups[Number(place.dataset.group) - 1];
    if (!group) { return; }
    place.textContent = group.value === null ? "" :
      words.group_value.replace("#", group.value + " " + group.unit).replace("@", group.chosen);
  }

  function show(state) {
    if (state.stage === "end") { end(words.ended); return; }
    if (state.stage === "wait") { only(words.screen); return; }
    var plain = JSON.stringify(state, function (key, value) {
      return ["mine", "group", "phones", "value", "chosen", "status"].indexOf(key) < 0 ? value : undefined;
    });
    if (plain !== shown) {
      shown = plain;
      main.textContent = "";
      say("");
      (state.stage === "predict" ? predict : groups)(state);
    }
    count(state);
  }

  function next(told) {
    if (told.stage === "end") { end(words.ended); return null; }
    if (told.status === 503) { only(words.full); return null; }
    if (told.status === 410) { token = ""; sessionStorage.removeItem(code); shown = ""; return null; }
    if (told.token) { token = told.token; sessionStorage.setItem(code, token); return asked("state").then(next); }
    if (told.status === 200) { show(told); if (note.textContent === words.lost) { say(""); } }
    return null;
  }

  function turn() {
    if (over) { return; }
    (token ? asked("state") : asked("join", null)).then(next).catch(function () {
      if (!over) { say(words.lost); }
    }).then(function () {
      if (!over) { setTimeout(turn, every + Math.random() * 500); }
    });
  }
  turn();
})();
