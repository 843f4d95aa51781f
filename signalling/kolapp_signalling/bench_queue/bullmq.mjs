// Drives BullMQ: `node bullmq.mjs PACKAGES SOCKET`, orders as JSON lines on stdin, answers on
// stdout. The same batches as closed_loop.py, whose comments say why.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [packages, path] = process.argv.slice(2);
const { Queue, Worker } = createRequire(`${packages}/package.json`)("bullmq");
const BATCH = 256;
const TOKEN = "bench";
const queues = new Map();

function open(name) {
  if (!queues.has(name)) {
    const connection = { path, maxRetriesPerRequest: null };
    const queue = new Queue(name, { connection });
    const worker = new Worker(name, null, { connection, autorun: false, lockDuration: 3_600_000 });
    queues.set(name, { queue, worker });
  }
  return queues.get(name);
}

const join = (name) => open(name).queue.add("visit", {});
const pull = (name) => open(name).worker.getNextJob(TOKEN, { block: false });
// Without fetching the next job at once: the next pull is measured by itself.
const end = (_name, job) => job.moveToCompleted("done", TOKEN, false);

// All threads' (proc(5): schedstat), in ms.
function cpu(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const used = (task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
  return tasks.reduce((sum, task) => sum + used(task), 0) / 1e6;
}

class Timed {
  took = [];
  busy = 0;
  store = 0;
  driver = 0;

  constructor(storePid) {
    this.storePid = storePid;
  }

  async run(calls, inFlight) {
    const answers = [];
    let next = 0;
    const oneAfterTheOther = async () => {
      while (next < calls.length) {
        const index = next++;
        const began = performance.now();
        answers[index] = await calls[index]();
        this.took.push(performance.now() - began);
      }
    };
    const store = cpu(this.storePid);
    const own = process.cpuUsage();
    const began = performance.now();
    await Promise.all(Array.from({ length: inFlight }, oneAfterTheOther));
    this.busy += performance.now() - began;
    const { user, system } = process.cpuUsage(own);
    this.driver += (user + system) / 1e3;
    this.store += cpu(this.storePid) - store;
    return answers;
  }

  figures() {
    const took = this.took.sort((a, b) => a - b);
    const at = (share) =>
      Math.round(1000 * took[Math.min(took.length - 1, Math.floor(share * took.length))]) / 1000;
    const perS = Math.round((10 * took.length) / (this.busy / 1000)) / 10;
    const each = (ms) => Math.round((10_000 * ms) / took.length) / 10;
    return {
      n: took.length,
      per_s: perS,
      p50_ms: at(0.5),
      p99_ms: at(0.99),
      store_us: each(this.store),
      driver_us: each(this.driver),
    };
  }
}

async function measure({ queue, in_flight: inFlight, seconds, store_pid: pid }) {
  const timed = { join: new Timed(pid), pull: new Timed(pid), end: new Timed(pid) };
  const until = performance.now() + 1000 * seconds;
  do {
    await timed.join.run(Array(BATCH).fill(() => join(queue)), inFlight);
    const jobs = await timed.pull.run(Array(BATCH).fill(() => pull(queue)), inFlight);
    if (jobs.some((job) => !job)) throw new Error("a pull found nobody");
    await timed.end.run(jobs.map((job) => () => end(queue, job)), inFlight);
  } while (performance.now() < until);
  return Object.fromEntries(Object.entries(timed).map(([name, each]) => [name, each.figures()]));
}

async function fill({ queue, count }) {
  for (let at = 0; at < count; at += 1000) {
    const jobs = Array(Math.min(1000, count - at)).fill({ name: "visit", data: {} });
    await open(queue).queue.addBulk(jobs);
  }
  return {};
}

const verbs = { fill, measure };
for await (const line of createInterface({ input: process.stdin })) {
  const { do: verb, ...order } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await verbs[verb](order))}\n`);
}
for (const { queue, worker } of queues.values()) {
  await worker.close(true);
  await queue.close();
}
process.exit(0);
