/** Prints numbered lines to both streams in turn, and notes its start and its end in a ledger outside of the run. */
export const COUNTER = `
import os, signal, sys, time

name, lines, pause_ms, code, ledger = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

def note(word):
    handle = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(handle, (name + " " + word + "\\n").encode())
    os.close(handle)

note("start")
n = 0
while lines < 0 or n < lines:
    os.write(1 + n % 2, b"line %06d\\n" % n)
    n += 1
    time.sleep(pause_ms / 1000)
note("end")
sys.exit(code)
`;

/** A line of COUNTER, by its number. */
export const lineOf = (n: number): string => `line ${String(n).padStart(6, "0")}`;

export interface NastyProgram {
  readonly name: string;
  readonly entryPoint: string;
  readonly binary: string;
  readonly text: string;
  /** Of the container; on processes it has no meaning. */
  readonly containerArguments?: string;
  readonly engines: readonly ("process" | "docker")[];
}

const BOTH = ["process", "docker"] as const;

const stubborn = (containerArguments: string, name: string): NastyProgram => ({
  name,
  entryPoint: "stubborn.py",
  binary: "python3",
  text: "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('it runs', flush=True)\nwhile True: time.sleep(1)\n",
  containerArguments,
  engines: ["docker"],
});

/** Programs that are hard to end. Each prints "it runs" once it is as nasty as it will be. */
export const NASTY_PROGRAMS: readonly NastyProgram[] = [
  {
    name: "a double-forked child in a session of its own",
    entryPoint: "forked.py",
    binary: "python3",
    text: `
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("it runs", flush=True)
        while True: time.sleep(1)
    os._exit(0)
while True: time.sleep(1)
`,
    engines: BOTH,
  },
  {
    name: "a program that ignores SIGTERM",
    entryPoint: "stubborn.py",
    binary: "python3",
    text: "import signal, time\nfor s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(s, signal.SIG_IGN)\nprint('it runs', flush=True)\nwhile True: time.sleep(1)\n",
    engines: BOTH,
  },
  stubborn("--init", "a program that ignores SIGTERM, in a container with --init"),
  stubborn("--init=false", "a program that ignores SIGTERM, as PID 1 of its container"),
  {
    name: "a storm of forks",
    entryPoint: "storm.py",
    binary: "python3",
    text: `
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("it runs", flush=True)
while True:
    if os.fork() == 0:
        if os.fork() == 0: os.setsid()
        time.sleep(1.5)
        os._exit(0)
    time.sleep(0.02)
`,
    engines: BOTH,
  },
  {
    name: "a program that prints while it dies",
    entryPoint: "talker.py",
    binary: "python3",
    text: `
import os, signal, sys, time
def dying(*_):
    for n in range(200):
        os.write(1, b"dying %06d\\n" % n)
        time.sleep(0.001)
    sys.exit(0)
signal.signal(signal.SIGTERM, dying)
print("it runs", flush=True)
while True: time.sleep(1)
`,
    engines: BOTH,
  },
  {
    name: "a shell wrapper around the program",
    entryPoint: "wrapper.sh",
    binary: "bash",
    text: `
trap '' TERM
(trap '' TERM; sleep 600; true) &
python3 -c "
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('it runs', flush=True)
while True: time.sleep(1)
"
true
`,
    engines: BOTH,
  },
  {
    name: "a pool of Python's multiprocessing",
    entryPoint: "pool.py",
    binary: "python3",
    text: `
import multiprocessing, time
def work(n):
    print("it runs", flush=True)
    while True: time.sleep(1)
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(work, range(3))
`,
    engines: BOTH,
  },
];
