// The scenario of `kolapp bench turn` on Socket.IO with its Redis adapter, as one would write it:
// `node socketio.mjs PACKAGES ROLE`, one JSON request a line, one reply each (worker.py).
// Everybody who waits is in the room of the queue and each in a room of their own. A pull takes the
// first of a list in the store, emits the turn to that one's room and the new head to the queue's.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [packages, role] = process.argv.slice(2);
const require = createRequire(`${packages}/package.json`);
const now = () => Number(process.hrtime.bigint()); // CLOCK_MONOTONIC, shared by all processes
const SAMPLED = 10; // of so many of the crowd one's places are kept
const AT_ONCE = 32;
const KEYS = ["bench:number", "bench:waiting", "bench:visits"];
const JOIN = `local number = redis.call("INCR", KEYS[1])
redis.call("RPUSH", KEYS[2], number .. ":" .. ARGV[1]) return number`;
const PULL = `local first = redis.call("LPOP", KEYS[2])
if first then redis.call("HSET", KEYS[3], ARGV[1], first) end return first`;

async function server() {
  const { Server } = require("socket.io");
  const { createAdapter } = require("@socket.io/redis-adapter");
  const Redis = require("ioredis");
  let visits = 0;
  let http;
  async function start({ path }) {
    const [store, sub, pub] = [0, 1, 2].map(() => new Redis({ path }));
    await store.del(...KEYS);
    http = createServer();
    const io = new Server(http, { adapter: createAdapter(pub, sub), transports: ["websocket"] });
    io.on("connection", (socket) => {
      socket.on("join", async (done) => {
        const number = await store.eval(JOIN, 3, ...KEYS, socket.id);
        socket.join("queue");
        done({ number, head: number - (await store.llen(KEYS[1])) });
      });
      socket.on("pull", async (done) => {
        const visit = `v${++visits}`;
        const first = await store.eval(PULL, 3, ...KEYS, visit);
        if (!first) return done({});
        const [number, who] = first.split(":");
        io.to(who).emit("turn", { visit });
        io.in(who).socketsLeave("queue");
        io.to("queue").emit("head", { head: Number(number) });
        done({ visit });
      });
      socket.on("hang_up", async ({ visit }, done) => done(await store.hdel(KEYS[3], visit)));
    });
    await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${http.address().port}`;
  }
  return { start };
}

function connected(url) {
  const { io } = require("socket.io-client");
  const socket = io(url, { transports: ["websocket"], forceNew: true, reconnection: false });
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", reject);
  });
}

// What some clients saw of their places, as freshness.py wants it.
class Places {
  people = [];

  add(person) {
    this.people.push(person);
  }

  begin = () => {
    const from = ({ number, head }) => ({ seen: [], began: number - head, called: false });
    for (const person of this.people) Object.assign(person, from(person));
  };

  seen = () => this.people.map(({ began, seen }) => [began, seen]);
}

async function joined(socket) {
  const { number, head } = await socket.emitWithAck("join");
  return { socket, number, head, seen: [], began: 0, called: false };
}

function follow(person, head) {
  person.head = head;
  if (!person.called) person.seen.push([now(), person.number - head]);
}

async function crowd() {
  const places = new Places();
  let frames = 0;
  async function join({ url, count }) {
    let left = count;
    const some = async () => {
      while (left-- > 0) {
        const person = await joined(await connected(url));
        const sampled = left % SAMPLED === 0;
        if (sampled) places.add(person);
        person.socket.on("head", ({ head }) => {
          frames += 1;
          if (sampled) follow(person, head);
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, some));
  }
  return { join, begin: places.begin, seen: places.seen, figures: () => ({ frames }) };
}

async function probes() {
  const places = new Places();
  const turns = {};
  async function join({ url, count }) {
    for (let place = 0; place < count; place++) {
      const socket = await connected(url);
      const person = await joined(socket);
      places.add(person);
      socket.on("head", ({ head }) => follow(person, head));
      socket.on("turn", async ({ visit }) => {
        turns[visit] ??= now();
        person.called = true; // what comes now is of another number
        await socket.emitWithAck("hang_up", { visit });
        Object.assign(person, await socket.emitWithAck("join"));
      });
    }
  }
  return {
    join,
    begin: places.begin,
    seen: places.seen,
    turns: ({ visits }) => Object.fromEntries(visits.filter((v) => turns[v]).map((v) => [v, turns[v]])),
  };
}

async function desk() {
  const clinicians = [];
  async function ready({ url, count }) {
    for (let number = 0; number < count; number++) clinicians.push(await connected(url));
  }
  const until = (due) => {
    const left = (due - now()) / 1e6;
    return left > 2 ? new Promise((resolve) => setTimeout(resolve, left - 2)).then(() => until(due)) : spin(due);
  };
  async function spin(due) {
    while (now() < due) await new Promise((resolve) => setImmediate(resolve));
  }
  async function pull(socket, due_ns) {
    await until(due_ns);
    const sent_ns = now();
    const { visit } = await socket.emitWithAck("pull");
    return { due_ns, sent_ns, ...(visit ? { visit, replied_ns: now() } : { failed: "nobody waits" }) };
  }
  async function run({ pulls_ns }) {
    const start = now() + 20_000_000;
    return Promise.all(pulls_ns.map((at, i) => pull(clinicians[i % clinicians.length], start + at)));
  }
  return { ready, run };
}

const verbs = await { server, crowd, probes, desk }[role]();
createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const { number, verb, arguments: given } = JSON.parse(line);
    let reply;
    try {
      reply = { number, result: (await verbs[verb](given)) ?? null };
    } catch (error) {
      reply = { number, failed: String(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  })
  .on("close", () => process.exit(0));
