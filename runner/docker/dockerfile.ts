import { dirname } from "node:path";

/** The build of an environment: a Dockerfile without `# syntax=` (it would need a registry) and heredocs (20.10 lacks them). */
const CONTEXT = "/tmp/windlass-build";
const CACHE = "/tmp/windlass-pip";

export interface DockerfileInputs {
  readonly image: string;
  /** The image's own user, restored at the end. */
  readonly user: string;
  readonly setup: boolean;
  readonly requirements: boolean;
}

/** Nothing of the build context ends in a layer: it is only mounted while a step runs. */
export function dockerfileText(inputs: DockerfileInputs): string {
  const bind = `--mount=type=bind,source=.,target=${CONTEXT}`;
  const cache = `--mount=type=cache,id=windlass-pip,target=${CACHE}`;
  return [
    `FROM ${inputs.image}`,
    "USER 0",
    ...(inputs.setup ? [`RUN ${bind} ["/bin/sh", "${CONTEXT}/run-setup.sh"]`] : []),
    ...(inputs.requirements ? [`RUN ${bind} ${cache} ["/bin/sh", "${CONTEXT}/run-install.sh"]`] : []),
    ...(inputs.user === "" ? [] : [`USER ${inputs.user}`]),
    "",
  ].join("\n");
}

/** Variables that only the build's steps see. */
function exports(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
}

/** Runs the task's set-up script as the file that it is, with its own shell if it names one. */
export function setupRunner(variables: Readonly<Record<string, string>>): string {
  return `${exports(variables)}export DEBIAN_FRONTEND=noninteractive
script=${CONTEXT}/setup.sh
shell=$(head -n 1 "$script" | sed -n 's/^#![[:space:]]*//p')
if [ -z "$shell" ]; then shell=$(command -v bash || echo /bin/sh); fi
exec $shell "$script"
`;
}

/** Marks lines of the build's output that say what is installed. */
export const INSTALLED_MARK = "@@windlass-installed ";
/** Exit code of the install step when the image has no Python with pip. */
export const NO_PYTHON = 97;

export interface Install {
  /** Name to look up in the image. */
  readonly python: string;
  /** The requirements file, below the build context. */
  readonly file: string;
  /** Variables that only this step sees. */
  readonly variables: Readonly<Record<string, string>>;
  /** Something is installed from the source: it stays in the image, in a folder of this name, since `-e .` points there. */
  readonly keepSource: string | undefined;
}

/** Installs with the image's own Python: nothing is upgraded, and but for the source of `-e .` nothing is added. */
export function installRunner({ python, file, variables, keepSource }: Install): string {
  const candidates = [...new Set([python, "python3", "python"])].join(" ");
  const root = keepSource === undefined ? CONTEXT : `/opt/windlass-source/${keepSource}`;
  const copy = keepSource === undefined ? "" : `mkdir -p "${root}" && cp -a "${CONTEXT}/." "${root}" || exit 1\n`;
  return `${exports(variables)}export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_CACHE_DIR=${CACHE}
for candidate in ${candidates}; do
  if command -v $candidate >/dev/null 2>&1 && $candidate -m pip --version >/dev/null 2>&1; then python=$candidate; break; fi
done
if [ -z "$python" ]; then echo "no Python with pip in this image (looked for ${candidates})"; exit ${NO_PYTHON}; fi
${copy}cd "${root}/${dirname(file)}" || exit 1
$python -m pip install --progress-bar off -r "${root}/${file}" || exit $?
$python -m pip freeze 2>/dev/null | sed 's/^/${INSTALLED_MARK}/'
`;
}

export const BUILD_CONTEXT = CONTEXT;
