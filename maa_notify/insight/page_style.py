"""The style sheet of the report's page: light and dark, desktop, phone and print."""

STYLE = """
:root{--ink:#1b1a19;--soft:#55524f;--paper:#fff;--card:#f6f5f4;--line:#d2d0ce;
--completed:#0b6a0b;--approved:#038387;--rejected:#a4262c;--cancelled:#69797e;--expired:#8a5a00;
--needsApproval:#0f6cbd;--gone:#7a3e9d;--other:#4a5459}
@media (prefers-color-scheme:dark){:root{--ink:#f3f2f1;--soft:#c8c6c4;--paper:#1b1a19;--card:#292827;
--line:#484644;
--completed:#6bb86b;--approved:#4fc1c5;--rejected:#f1707b;--cancelled:#a6b1b6;--expired:#e0a83a;
--needsApproval:#62abf5;--gone:#c58fe0;--other:#c3cbcf}}
@media print{:root{--ink:#000;--soft:#333;--paper:#fff;--card:#fff;--line:#999;
--completed:#0b6a0b;--approved:#038387;--rejected:#a4262c;--cancelled:#69797e;--expired:#8a5a00;
--needsApproval:#0f6cbd;--gone:#7a3e9d;--other:#4a5459}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 "Segoe UI",system-ui,sans-serif}
main{max-width:64rem;margin:0 auto;padding:1.5rem 1rem 3rem;display:grid;gap:1rem;
grid-template-columns:1fr 1fr}
header,section:nth-of-type(-n+2),section:nth-of-type(5){grid-column:1/-1}
header p,dt,.told{color:var(--soft)}
h1{font-size:1.6rem;line-height:1.25;margin:0}
header p{margin:.25rem 0 0}
h2{font-size:1.1rem;margin:0 0 .75rem}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1rem;min-width:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem;margin:0}
.tiles div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
dt{font-size:.85rem}
dd{margin:0;font-size:1.5rem;font-weight:600}
ul{margin:0;padding-left:1.2rem}
.columns{display:block;width:100%;height:auto}
.columns text{font-size:11px;fill:var(--soft)}
.grid{stroke:var(--line);stroke-width:1}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.5rem 0 0;
font-size:.9rem}
.legend svg{width:.75rem;height:.75rem;margin-right:.4rem}
.row{display:grid;grid-template-columns:10rem 1fr 3rem;gap:.75rem;align-items:center;padding:.2rem 0;
font-size:.9rem}
.wide .row{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.1rem .75rem;padding:.3rem 0}
.wide .bar{flex:0 0 100%;order:3}
.name{overflow-wrap:anywhere}
.told{text-align:right}
.bar{display:block;width:100%;height:.75rem;border-radius:3px}
details{margin-top:.75rem}
summary{cursor:pointer}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.85rem;margin-top:.5rem}
th,td{padding:.2rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child{text-align:left}
.c-completed{fill:var(--completed)}.c-approved{fill:var(--approved)}.c-rejected{fill:var(--rejected)}
.c-cancelled{fill:var(--cancelled)}.c-expired{fill:var(--expired)}
.c-needsApproval{fill:var(--needsApproval)}
.c-noLongerListed{fill:var(--gone)}.c-other{fill:var(--other)}.c-wait{fill:var(--needsApproval)}
@media (max-width:44rem){main{grid-template-columns:minmax(0,1fr);padding:1rem .75rem}
.row{grid-template-columns:1fr auto;gap:.1rem .75rem;padding:.3rem 0}.row .bar{grid-column:1/-1;grid-row:2}}
@media print{*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{font-size:10.5pt}main{max-width:none;padding:0}section{break-inside:avoid}details{display:none}}
"""
