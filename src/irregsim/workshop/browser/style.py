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
.irregsim-frame svg text { pointer-events: auto; }
.irregsim-exercise { max-width: 980px; font-size: 16.5px; line-height: 1.45; }
.irregsim-exercise h2 { font-size: 24px; margin: 6px 0; }
.irregsim-exercise h3 { font-size: 18px; margin: 16px 0 4px; }
.irregsim-prediction { display: flex; gap: 16px; align-items: center; flex-wrap: wrap; margin: 4px 0; }
.irregsim-predicted { min-width: 380px; }
.irregsim-prediction .v-btn { text-transform: none; letter-spacing: 0; }
.v-expansion-panel-content__wrap { padding: 4px 14px 12px !important; }
.v-expansion-panel-header { min-height: 44px !important; font-size: 15px; }
"""
