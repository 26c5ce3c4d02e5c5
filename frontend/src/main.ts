// What every page loads. Reading needs none of it: pages are whole without scripts, and this makes them quicker to use.
import "htmx.org";
import { startBeside } from "./everywhere/beside";
import { startCopying } from "./everywhere/copying";
import { startDeciding } from "./everywhere/deciding";
import { startDialogs } from "./everywhere/dialogs";
import { startIslands } from "./everywhere/islands";
import { startKeys } from "./everywhere/keys";
import { startLists } from "./everywhere/lists";
import { startLive } from "./everywhere/live";
import { startLook } from "./everywhere/look";
import { startSelection } from "./everywhere/selection";
import { startTimes } from "./everywhere/times";
import { startFailures } from "./everywhere/toasts";

startFailures();
startTimes();
startLook();
startKeys();
startLists();
startSelection();
startBeside();
startCopying();
startDialogs();
startDeciding();
startLive();
startIslands();
document.documentElement.classList.add("lively"); // for tests: keys are listened to from here on
