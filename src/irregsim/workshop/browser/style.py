"""Style of the page: type that can be read from the last row, and nothing alarming."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
.irregsim-main { margin-top: -60px; }
.irregsim-head { padding: 4px 8px 0; }
.irregsim-when { display: flex; align-items: baseline; gap: 18px; }
.irregsim-month { font-size: 34px; font-weight: 600; line-height: 1.15; }
.irregsim-assumed { background: #ECECEC; border-radius: 4px; padding: 2px 10px; font-size: 15px; }
.irregsim-what { font-size: 17px; margin-top: 2px; }
.irregsim-care { font-size: 13.5px; color: #555; margin: 2px 0 6px; }
.tally { position: absolute; left: -9999px; }
.irregsim-main .v-tab { min-width: 0; padding: 0 11px; letter-spacing: 0; text-transform: none; font-size: 16px; }
.irregsim-main .v-slide-group__prev, .irregsim-main .v-slide-group__next { display: none !important; }
.irregsim-view { padding: 6px 8px 24px; }
.irregsim-note { font-size: 14px; color: #555; max-width: 900px; margin: 8px 0; }
.irregsim-command { font-family: monospace; font-size: 12px; color: #555; margin: 10px 0 0; overflow-wrap: anywhere; }
.irregsim-more { display: flex; gap: 12px; align-items: center; flex-wrap: wrap; min-height: 34px; font-size: 14px; }
.irregsim-more .v-progress-linear { width: 260px; }
.irregsim-life { display: flex; gap: 36px; flex-wrap: wrap; align-items: flex-start; margin-top: 8px; }
.irregsim-life table, .irregsim-table { border-collapse: collapse; font-size: 14px; }
.irregsim-life caption { text-align: left; color: #555; font-size: 13px; }
.irregsim-life td, .irregsim-life th, .irregsim-table td, .irregsim-table th {
  text-align: left; vertical-align: top; padding: 3px 14px 3px 0; border-bottom: 1px solid #e6e6e6; }
.irregsim-life th { font-weight: 600; }
.irregsim-reason { color: #555; font-size: 13px; max-width: 430px; }
.irregsim-making { padding: 80px 40px; font-size: 22px; max-width: 720px; }
.irregsim-moving { position: relative; }
.irregsim-moving canvas { position: absolute; left: 0; top: 0; width: 100%; height: 100%; pointer-events: none; }
.irregsim-frame svg text { pointer-events: auto; }
.irregsim-exercise { max-width: 980px; font-size: 16.5px; line-height: 1.45; }
.irregsim-exercise h2 { font-size: 24px; margin: 6px 0; }
.irregsim-exercise h3 { font-size: 18px; margin: 16px 0 4px; }
.irregsim-prediction { display: flex; gap: 16px; align-items: center; flex-wrap: wrap; margin: 4px 0; }
.irregsim-predicted { min-width: min(300px, 100%); }
.irregsim-much { display: flex; align-items: center; gap: 10px; }
.irregsim-much .v-input { width: 220px; margin: 0; }
.irregsim-presses { display: flex; gap: 6px 10px; flex-wrap: wrap; margin: 4px 0 8px; }
.irregsim-presses .v-btn { text-transform: none; letter-spacing: 0; height: auto !important; min-height: 28px;
  max-width: 100%; padding: 4px 12px !important; }
.irregsim-presses .v-btn__content { white-space: normal; text-align: left; flex: 1 1 auto; max-width: 100%; }
.irregsim-guide { display: flex; gap: 2px 14px; align-items: center; flex-wrap: wrap; margin: 4px 8px 0;
  padding: 3px 10px; background: #EEF3F8; border-radius: 4px; font-size: 15.5px; }
.irregsim-guide .irregsim-presses { margin: 0; }
.irregsim-guide .v-btn { text-transform: none; letter-spacing: 0; }
.irregsim-class { max-width: 980px; }
.irregsim-class summary { cursor: pointer; padding: 6px 0; font-weight: 600; }
.irregsim-class p { margin: 4px 0; }
.class-count { font-size: 20px; font-weight: 600; }
.class-link { font-size: 34px; font-weight: 600; line-height: 1.2; overflow-wrap: anywhere; }
.class-scan { display: flex; gap: 24px; flex-wrap: wrap; align-items: center; }
.class-scan > div:last-child { flex: 1 1 300px; }
.class-code svg { display: block; width: min(420px, 60vh); height: auto; }
.irregsim-projector .irregsim-view .class-link { font-size: 44px !important; }
.class-choices { display: flex; gap: 4px 18px; flex-wrap: wrap; align-items: flex-end; }
.class-choices .v-input { max-width: 360px; min-width: 170px; }
.class-group { border-top: 1px solid #e6e6e6; margin-top: 8px; padding-top: 20px; }
.class-group .v-input { flex: 1 1 100px; min-width: 90px; max-width: 170px; }
.class-group .v-select { flex: 2 1 220px; max-width: 380px; }
.class-groups > .v-input { margin-top: 22px; }
.class-outcome { font-weight: 600; }
.class-votes { display: flex; gap: 8px 24px; flex-wrap: wrap; max-width: none; }
.class-votes > div { flex: 0 0 min(700px, 100%); }
.irregsim-wide { overflow-x: auto; }
.irregsim-prediction .v-btn { text-transform: none; letter-spacing: 0; }
.irregsim-upload { position: relative; }
.irregsim-file { position: absolute; inset: 0; width: 100%; opacity: 0; cursor: pointer; }
.irregsim-upload:focus-within { outline: 3px solid #1A5A96; outline-offset: 2px; }
.irregsim-unseen { position: absolute; left: -9999px; margin: 0; }
.irregsim-to-share { margin-left: auto; }
.irregsim-guide { max-width: 900px; font-size: 15.5px; line-height: 1.45; }
.irregsim-guide summary { cursor: pointer; padding: 4px 0; }
.irregsim-guide p { margin: 4px 0; }
.irregsim-guide strong { font-weight: 600; }
.irregsim-tried { font-size: 14px; margin: 6px 0; }
.irregsim-tried .v-btn { text-transform: none; letter-spacing: 0; }
.irregsim-slide { font-size: 15px; color: #333; }
.irregsim-to-share, .irregsim-to-projector, .irregsim-slide button, .irregsim-share button
  { border: 1px solid #767676; border-radius: 4px;
  padding: 3px 12px; font-size: 15px; background: #fff; }
.irregsim-share { margin: auto; max-width: min(640px, 94vw); max-height: 96vh; border: 2px solid #767676;
  border-radius: 6px; padding: 16px 20px; font-size: 18px; background: #fff; color: #333; }
.irregsim-share input { width: 100%; font-size: 18px; border: 1px solid #767676; padding: 4px 8px; }
.irregsim-share button { font-size: 18px; }
.irregsim-share .share-code svg { display: block; margin: 12px auto; width: min(420px, 60vh); height: auto; }
.irregsim-share .share-buttons { display: flex; gap: 12px; margin-top: 12px; }
.irregsim-cards, .irregsim-cards .v-card { max-width: 376px; }
.irregsim-cards .v-select__selection { max-width: 100%; overflow: hidden; text-overflow: ellipsis; }
.v-navigation-drawer { max-width: min(400px, 100vw) !important; min-width: 0 !important; }
.v-navigation-drawer > .v-navigation-drawer__content > .v-sheet { min-width: 0 !important; max-width: 400px; }
/* Pictures are drawn for a light ground, so there is no other. */
.v-app-bar .v-btn:has([class*="mdi-brightness"], [class*="mdi-weather"], .mdi-theme-light-dark)
  { display: none !important; }
.v-tooltip__content { opacity: 1 !important; background: #333 !important; }
.irregsim-main .v-tabs-bar .v-slide-group__content { flex: 1 1 0; min-width: 0; flex-wrap: wrap;
  height: auto; }
.irregsim-main .v-tabs-bar { height: auto !important; }
.irregsim-main .v-tabs-bar .v-tab { height: 42px; }
:focus-visible { outline: 3px solid #1A5A96 !important; outline-offset: 2px; }
.irregsim-bar { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px; position: fixed; left: 0; right: 0;
  bottom: 0; z-index: 50; background: #fff; border-top: 2px solid #767676; padding: 6px 14px; font-size: 18px; }
.irregsim-bar button, .irregsim-bar select { font-size: 18px; border: 1px solid #767676; border-radius: 4px;
  padding: 3px 12px; min-height: 38px; background: #fff; appearance: auto; }
.irregsim-bar .bar-month { font-size: 24px; min-width: 215px; }
.irregsim-bar .bar-close { margin-left: auto; }
.irregsim-bar .bar-care { flex-basis: 100%; font-size: 18px; color: #333; }
.irregsim-projector .v-navigation-drawer, .irregsim-projector .v-app-bar, .irregsim-projector header,
.irregsim-projector .irregsim-guide, .irregsim-projector .irregsim-when, .irregsim-projector .irregsim-what,
.irregsim-projector .irregsim-care
  { display: none !important; }
.irregsim-projector .v-content, .irregsim-projector .v-main { padding: 0 !important; }
html:has(.irregsim-projector) { overflow-y: scroll; }
.irregsim-projector .irregsim-main { padding-bottom: 110px; }
.irregsim-projector .irregsim-view { padding-top: 0; }
.irregsim-projector .irregsim-guide, .irregsim-projector .irregsim-guide .v-btn,
.irregsim-projector .irregsim-main .v-tab, .irregsim-projector .irregsim-note, .irregsim-projector .irregsim-more,
.irregsim-projector .irregsim-more .v-btn, .irregsim-projector .irregsim-view .v-btn,
.irregsim-projector .irregsim-view .v-label, .irregsim-projector .irregsim-view .v-select__selection,
.irregsim-projector .irregsim-view input, .irregsim-projector .irregsim-life *,
.irregsim-projector .irregsim-table *, .irregsim-projector .irregsim-view p, .irregsim-projector .irregsim-view li,
.irregsim-projector .irregsim-view .v-alert * , .irregsim-projector .irregsim-view h3,
.irregsim-projector .v-menu__content .v-list-item__title
  { font-size: max(18px, 1em) !important; max-width: none; }
.irregsim-projector .irregsim-view .v-label--active { transform: translateY(-22px) !important; }
.irregsim-projector .irregsim-view .v-input { padding-top: 20px; }
.irregsim-projector .irregsim-view .v-select__selection { line-height: 28px; }
.irregsim-projector .irregsim-class, .irregsim-projector .irregsim-class summary { max-width: none; font-size: 20px; }
.irregsim-projector .class-votes > div { flex: 0 0 calc(50% - 12px); }
.irregsim-projector .irregsim-exercise { max-width: none; font-size: 20px; }
.v-expansion-panel-content__wrap { padding: 4px 14px 12px !important; }
.v-expansion-panel-header { min-height: 44px !important; font-size: 15px; }
"""
