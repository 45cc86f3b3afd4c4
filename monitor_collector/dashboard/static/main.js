// Which page is shown: the part of the address behind #, such as #/host/web-1?range=1h, so that each can be linked.

import { setAttribute, setText } from "./dom.js";
import { time } from "./format.js";
import { Live } from "./live.js";
import { AlarmsPage } from "./alarms.js";
import { ExplorePage } from "./explore.js";
import { HostPage } from "./host.js";
import { HostsPage } from "./hosts.js";
import { MissingPage } from "./missing.js";
import { ProbesPage } from "./probes.js";
import { RulesPage } from "./rules.js";

const PAGES = { hosts: HostsPage, host: HostPage, alarms: AlarmsPage, rules: RulesPage, probes: ProbesPage, explore: ExplorePage, missing: MissingPage };

const live = new Live();
const main = document.getElementById("main");
const freshness = document.getElementById("freshness");
// What a screen reader says: only whether, not the time of each second.
const liveness = document.getElementById("liveness");
const stale = document.getElementById("stale");
const alarmCount = document.getElementById("alarm-count");
let page = null;
let shownAddress = "";
let shownPath = "";

function address() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/");
  const parameters = new URLSearchParams(search);
  try {
    return { name: pageNamed(name), argument: decodeURIComponent(rest.join("/")), parameters };
  } catch (error) {
    // A "%" that encodes nothing, in an address that was cut or typed.
    if (error instanceof URIError) return { name: "missing", argument: "", parameters };
    throw error;
  }
}

function pageNamed(name) {
  if (name === "") return "hosts";
  return Object.hasOwn(PAGES, name) ? name : "missing";
}

// Changes what stands behind the "?" of the address without opening the page anew.
function remember(parameters) {
  const { name, argument } = address();
  const search = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value)).toString();
  const hash = `#/${name}${argument ? `/${encodeURIComponent(argument)}` : ""}${search ? `?${search}` : ""}`;
  shownAddress = hash;
  history.replaceState(null, "", hash);
}

function open({ isFollowed = false } = {}) {
  if (location.hash === shownAddress && page) return;
  shownAddress = location.hash;
  const { name, argument, parameters } = address();
  const path = `${name}/${argument}`;
  // Back to an earlier span of the same host: its page stays, and stays where it was scrolled to.
  if (path === shownPath && page.revisit) {
    page.revisit(parameters);
    return;
  }
  shownPath = path;
  page?.close();
  main.replaceChildren();
  page = new PAGES[name]({ live, argument, parameters, remember });
  main.append(page.element);
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.dataset.page === name || (name === "host" && link.dataset.page === "hosts");
    setAttribute(link, "aria-current", isHere ? "page" : null);
  }
  showPicture();
  if (isFollowed) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

function showPicture() {
  const firing = Object.values(live.picture.alarms).filter((alarm) => alarm.state === "firing" && !isQuiet(alarm));
  setText(alarmCount, String(firing.length));
  alarmCount.hidden = firing.length === 0;
  document.title = `${firing.length ? `(${firing.length}) ` : ""}${page?.title ?? "Monitor"}`;
  if (live.hasPicture) page?.show(live.picture);
  showFreshness();
}

function isQuiet(alarm) {
  return alarm.silencedBy.length + alarm.inhibitedBy.length + alarm.mutedBy.length > 0;
}

function showFreshness() {
  const isStale = live.isStale;
  document.body.classList.toggle("stale", isStale && live.hasPicture);
  stale.hidden = !(isStale && live.hasPicture);
  if (!live.hasPicture) {
    setText(freshness, isStale ? "Waiting for the collector …" : "Connecting …");
    return;
  }
  setText(liveness, isStale ? "Not live" : "Live");
  setText(freshness, isStale ? "Not live" : `Live, ${time(live.picture.at)}`);
  if (isStale) setText(stale, `No news from the collector. What you see is from ${time(live.picture.at)}; trying again.`);
}

live.addEventListener("picture", showPicture);
live.addEventListener("tick", () => {
  showFreshness();
  page?.tick?.();
});
addEventListener("hashchange", () => open({ isFollowed: true }));
// Its "#main" would be taken for the address of a page.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
open();
