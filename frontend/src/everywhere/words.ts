// What scripts say, in the language of the page: the server writes it into the head.
type Words = Partial<Record<"copied" | "not_copied" | "failed" | "unreachable" | "close", string>>;

let known: Words | undefined;

/** Return a message by its name. */
export function word(name: keyof Words): string {
  known ??= JSON.parse(document.querySelector<HTMLMetaElement>('meta[name="tocsin-words"]')?.content ?? "{}") as Words;
  return known[name] ?? name;
}
