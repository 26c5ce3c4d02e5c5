// What every page loads: partial updates, and nothing that reading needs.
import "htmx.org";
