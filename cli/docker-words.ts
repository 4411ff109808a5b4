/** Commands whose `--docker` takes an image and flags of `docker run`, as that of clearml-agent does. */
const COMMANDS: ReadonlySet<string> = new Set(["daemon", "up", "execute", "doctor", "install-service"]);

/**
 * `--docker IMAGE "-e FOO=1 -m 512m"` → `--docker "IMAGE -e FOO=1 -m 512m"`: a word that begins with a dash and holds a
 * space is no flag of ours, it belongs to the image before it. clearml-agent's parser reads it so, commander's does not.
 */
export function dockerAsOneWord(words: readonly string[]): string[] {
  if (!COMMANDS.has(words[0] ?? "")) return [...words];
  const found: string[] = [];
  let image: number | undefined;
  for (const word of words) {
    if (image !== undefined && belongsToImage(word)) found[image] = `${found[image]} ${word}`;
    else {
      found.push(word);
      image = isImagePlace(found) ? found.length - 1 : word.startsWith("-") ? undefined : image;
    }
  }
  return found;
}

const belongsToImage = (word: string): boolean => /^-.*\s/s.test(word);

/** Right behind `--docker`, or joined to it by `=`. */
function isImagePlace(words: readonly string[]): boolean {
  const [before, last = ""] = words.slice(-2);
  return /^--(docker|podman)=./.test(last) || (/^--(docker|podman)$/.test(before ?? "") && !last.startsWith("-"));
}
