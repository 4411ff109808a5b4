const WIDTH = 100;
const CUT = "[...]";

/** A text on one line of at most 100 characters, cut between words: how replies show a long report (clearml-services.md 5). */
export function shortened(text: string): string {
  const line = text.trim().split(/\s+/).join(" ");
  if (line.length <= WIDTH) return line;
  const room = WIDTH - CUT.length - 1;
  // A word ends at a space or behind a hyphen inside it.
  const ends = [...line.matchAll(/ |(?<=\w[^\W\d]-)(?=\w+[^\W\d])/g)].map((end) => end.index).filter((end) => end <= room);
  const kept = line.slice(0, ends.at(-1) ?? 0).trim();
  return kept === "" ? CUT : `${kept} ${CUT}`;
}
