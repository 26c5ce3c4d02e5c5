// What every page loads. Reading needs none of it: pages are whole without scripts, and this makes them quicker to use.
import "htmx.org";
import "htmx-ext-sse";
