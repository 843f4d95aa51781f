// A visit of any size: its people's machines run until nothing is under way and time has passed.
// `relay` may turn each word into none, one or several others. An expression, for `evaluate`.
async () => {
  const { Keys } = await import("/static/e2ee-keys.js");
  const { decode, encode } = await import("/static/e2ee-words.js");
  Object.assign(window, { decode, encode, Keys });
  window.dice = (seed) => () => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  window.Visit = class {
    now = 0; people = new Map(); words = []; relay = (word) => [word]; log = [];
    join(name) {
      const person = { name, uses: null, opens: new Map(), states: [], said: 0 };
      const ways = {
        say: (payload) => {
          person.said += 1;
          const others = [...this.people.keys()].filter((one) => one !== name);
          this.words.push(...others.map((to) => ({ from: name, to, payload })));
        },
        use: (key) => { person.uses = key?.id ?? null; },
        give: (from, key) => person.opens.set(`${from} ${key.id}`, key),
        forget: (from, id) => person.opens.delete(`${from} ${id}`),
        changed: (state) => person.states.push(state),
      };
      person.keys = new Keys({ visit: "visit", me: name, ways });
      this.people.set(name, person);
      return person;
    }
    async roster(...names) {
      for (const name of this.people.keys()) if (!names.includes(name)) this.people.delete(name);
      await Promise.all([...this.people.values()].map(({ keys }) => keys.follow(names, this.now)));
    }
    async deliver() {
      for (let n = 0; this.words.length; n += 1) {
        if (n > 5_000) throw new Error("they never stop talking");
        const [word] = this.words.splice(0, 1);
        for (const { from, to, payload } of this.relay(word, this)) {
          await this.people.get(to)?.keys.hear(from, payload, this.now);
        }
      }
    }
    async pass(ms) {
      for (const end = this.now + ms; this.now < end;) {
        this.now += 250;
        for (const { keys } of this.people.values()) await keys.tick(this.now);
        await this.deliver();
      }
    }
    has(name, from, id) { return this.people.get(name).opens.has(`${from} ${id}`); }
    hear(name, from, payload) { return this.people.get(name).keys.hear(from, payload, this.now); }
    state(name) { return this.people.get(name).keys.state; }
    get codes() { return [...new Set([...this.people.keys()].map((name) => this.state(name).code))]; }
    get phases() { return [...new Set([...this.people.keys()].map((name) => this.state(name).phase))]; }
    // Everybody can open what everybody else seals now.
    get deaf() {
      const all = [...this.people.values()];
      return all.flatMap((one) => all.filter((other) => other !== one && !one.opens.has(`${other.name} ${other.uses}`))
        .map((other) => `${one.name} < ${other.name}`));
    }
  };
  window.word = (fields) => encode({ round: 1, roster: ["patient", "clinician"], instance: "x", ...fields });
  window.visitOf = async (...names) => {
    const visit = new Visit();
    for (const name of names) visit.join(name);
    await visit.roster(...names);
    return visit;
  };

  // The server itself in the middle of two: to each it plays the other, with keys of its own.
  window.middle = async (visit) => {
    const lies = { patient: new Visit(), clinician: new Visit() };
    const words = [];
    for (const [victim, other] of [["patient", "clinician"], ["clinician", "patient"]]) {
      const said = (payload) => words.push({ from: other, to: victim, payload });
      const keys = new Keys({ visit: "visit", me: other, ways: { say: said, use() {}, changed() {}, forget() {},
        give: (from, key) => { lies[victim].stolen = key; } } });
      lies[victim].keys = keys;
      await keys.follow(["patient", "clinician"], 0);
    }
    visit.relay = (word) => { words.push({ ...word, tapped: true }); return []; };
    visit.turn = async () => {
      for (let n = 0; n < 500 && (visit.words.length || words.length); n += 1) {
        await visit.deliver();
        for (const word of words.splice(0)) {
          if (word.tapped) await lies[word.from].keys.hear(word.from, word.payload, 0);
          else await visit.people.get(word.to).keys.hear(word.from, word.payload, 0);
        }
      }
      return Object.values(lies).map(({ stolen, keys }) => [Boolean(stolen), keys.state.code]);
    };
  }
}
