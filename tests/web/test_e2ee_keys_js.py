"""Agreeing on keys, over a relay that loses, repeats, delays, crosses, changes and lies.

All is pure: the machines run in a page, but their time and their network are the test's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page
from staged_pages import Stage, run

pytestmark = pytest.mark.asyncio(loop_scope="session")

VISITS = Path(__file__).with_name("key_visits.js")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(phone: Stage) -> AsyncIterator[Page]:
    async with phone.another_tab() as tab:
        await tab.evaluate(VISITS.read_text())
        yield tab


EVERYBODY = ["patient", "clinician", "guest1", "guest2"]


@pytest.mark.parametrize("count", [2, 3, 4])
async def test_all_agree_on_one_code_and_can_open_each_other(page: Page, count: int) -> None:
    codes, phases, deaf, said = await run(
        page,
        """const visit = await visitOf(...given);
        await visit.deliver();
        const said = Math.max(...[...visit.people.values()].map((one) => one.said));
        return [visit.codes, visit.phases, visit.deaf, said];""",
        EVERYBODY[:count],
    )
    assert phases == ["agreed"]
    assert deaf == []
    [code] = codes
    assert len(code) == 6
    assert code.isdigit()
    assert said == 4  # commit, reveal, keys, have: whoever else is there


async def test_codes_are_other_ones_every_time(page: Page) -> None:
    codes = await run(
        page,
        """const codes = [];
        for (let i = 0; i < 20; i += 1) {
          const visit = await visitOf("patient", "clinician");
          await visit.deliver();
          codes.push(...visit.codes);
        }
        return codes;""",
    )
    assert len(set(codes)) == len(codes) == 20


async def test_whatever_the_network_does_they_agree_in_the_end(page: Page) -> None:
    """Words are lost, come twice, late and in another order; people come, go and reload."""
    wrong = await run(
        page,
        """const wrong = [];
        for (let seed = 1; seed <= given.runs; seed += 1) {
          const chance = dice(seed), loss = chance() * 0.4, names = given.names;
          const visit = new Visit();
          const late = [];
          visit.relay = (word) => {
            if (chance() < loss) return [];
            if (chance() < 0.2) { late.push(word); return []; }
            const words = chance() < 0.2 ? [word, word] : [word];
            return late.length && chance() < 0.5 ? [...words, ...late.splice(0, 1)] : words;
          };
          let inside = names.slice(0, 2);
          for (const name of inside) visit.join(name);
          await visit.roster(...inside);
          for (let step = 0; step < 3; step += 1) {
            await visit.pass(250 * Math.floor(chance() * 8));
            const name = names[Math.floor(chance() * names.length)];
            if (inside.includes(name) && (chance() < 0.5 || inside.length === 2)) visit.join(name);
            else if (inside.includes(name)) inside = inside.filter((one) => one !== name);
            else {
              inside = names.filter((one) => inside.includes(one) || one === name);
              visit.join(name);
            }
            await visit.roster(...inside);
          }
          await visit.pass(40_000);
          late.length = 0;
          visit.relay = (word) => [word];
          await visit.pass(20_000);
          if (String(visit.phases) !== "agreed" || visit.codes.length !== 1 || visit.deaf.length) {
            wrong.push([seed, visit.phases, visit.codes, visit.deaf,
              ...inside.map((name) => JSON.stringify(visit.state(name)))]);
          }
        }
        return wrong.slice(0, 3);""",
        {"runs": 60, "names": EVERYBODY},
    )
    assert wrong == []


async def test_a_lost_word_is_asked_for_after_a_second(page: Page) -> None:
    for kind in ("commit", "reveal", "keys", "have"):
        agreed = await run(
            page,
            """let lost = 0;
            const visit = await visitOf("patient", "clinician");
            visit.relay = (word) => {
              const { kind } = decode(word.payload);
              return word.from === "patient" && kind === given && !lost++ ? [] : [word];
            };
            await visit.deliver();
            const before = visit.phases;
            await visit.pass(1_500);
            return [lost, before, visit.phases, visit.deaf];""",
            kind,
        )
        assert agreed[0] >= 1
        assert "agreeing" in agreed[1]
        assert agreed[2:] == [["agreed"], []]


async def test_somebody_in_the_middle_makes_the_codes_differ(page: Page) -> None:
    """The relay that swaps all keys reads everything, and the people can tell."""
    differ, stolen, phases = await run(
        page,
        """let differ = 0, stolen = 0;
        const phases = new Set();
        for (let i = 0; i < 10; i += 1) {
          const visit = await visitOf("patient", "clinician");
          await middle(visit);
          const taken = await visit.turn();
          differ += visit.codes.length - 1;
          stolen += taken.filter(([has]) => has).length;
          visit.phases.forEach((phase) => phases.add(phase));
        }
        return [differ, stolen, [...phases]];""",
    )
    assert stolen == 20  # the attack is whole: it has the keys of both sides each time
    assert phases == ["agreed"]
    assert differ == 10


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        # Another key than the one committed to: what a relay does that waits for the other's key.
        ("({ ...word, open: stranger })", "commitment"),
        ("({ ...word, open: 'AAAA' })", "commitment"),
        (
            "word.kind === 'commit' ? [word, { ...word, hash: stranger.slice(0, 43) }] : word",
            "changed",
        ),
        ("({ ...word, sealed: { clinician: 'AAAAAAAAAAAAAAAA.AAAA' } })", "sealed"),
    ],
)
async def test_what_does_not_fit_ends_loudly_until_a_person_tries_again(
    page: Page, change: str, failure: str
) -> None:
    kind = {"commitment": "reveal", "changed": "commit", "sealed": "keys"}[failure]
    found = await run(
        page,
        f"""const {{ newPair }} = await import("/static/e2ee-crypto.js");
        const stranger = (await newPair()).open;
        const visit = await visitOf("patient", "clinician");
        visit.relay = (one) => {{
          const word = decode(one.payload);
          if (one.from !== "patient" || word.kind !== "{kind}") return [one];
          return [{change}].flat().map((said) => ({{ ...one, payload: encode(said) }}));
        }};
        await visit.deliver();
        await visit.pass(3_000);
        const failed = visit.state("clinician");
        const uses = visit.people.get("clinician").uses;
        visit.relay = (word) => [word];
        await visit.pass(20_000);
        const stays = visit.state("clinician").phase;
        await visit.people.get("clinician").keys.again(visit.now);
        await visit.pass(10_000);
        return [failed, uses, stays, visit.phases, visit.codes.length, visit.deaf];""",
    )
    failed, uses, stays, phases, codes, deaf = found
    assert (failed["phase"], failed["failure"], failed["sending"]) == ("failed", failure, False)
    assert uses is None
    assert stays == "failed"  # only a person ends it
    assert (phases, codes, deaf) == (["agreed"], 1, [])


async def test_nobody_shows_a_key_before_everybody_has_committed(page: Page) -> None:
    """The order that the whole thing rests on."""
    early = await run(
        page,
        """const early = [];
        for (let seed = 1; seed <= 20; seed += 1) {
          const chance = dice(seed);
          const heard = {};
          const visit = await visitOf(...given);
          visit.relay = (one, { words }) => {
            if (chance() < 0.4 && words.length) { words.push(one); return []; }
            const word = decode(one.payload);
            const of = (name) => (heard[`${name} ${word.round}`] ??= new Set());
            if (word.kind === "commit") of(one.to).add(one.from);
            if (word.kind === "reveal" && of(one.from).size !== given.length - 1) early.push(seed);
            return [one];
          };
          await visit.deliver();
        }
        return early;""",
        EVERYBODY,
    )
    assert early == []


async def test_who_comes_and_goes_makes_new_keys_and_old_ones_end(page: Page) -> None:
    found = await run(
        page,
        """const visit = await visitOf("patient", "clinician");
        await visit.deliver();
        const [first] = visit.codes;
        const patient = visit.people.get("patient");
        const mine = patient.uses;
        visit.join("guest1");
        await visit.roster("patient", "clinician", "guest1");
        const meanwhile = [patient.uses === mine, visit.has("clinician", "patient", mine)];
        await visit.deliver();
        const [second] = visit.codes;
        const kept = [visit.deaf];
        for (const name of ["clinician", "guest1"]) kept.push(visit.has(name, "patient", mine));
        await visit.pass(11_000);
        kept.push(visit.has("clinician", "patient", mine));
        const known = new Set([patient.uses, visit.people.get("clinician").uses]);
        await visit.roster("patient", "clinician");
        await visit.deliver();
        const [third] = visit.codes;
        const after = [...visit.people.values()].map(({ uses }) => known.has(uses));
        return [[first, second, third], meanwhile, kept, after, visit.deaf, patient.opens.size];""",
    )
    codes, meanwhile, kept, after, deaf, opens = found
    assert len(set(codes)) == 3
    assert meanwhile == [
        True,
        True,
    ]  # the call goes on under the old keys until the new ones are there
    assert kept == [
        [],
        True,
        False,
        False,
    ]  # old ones live on for a moment; a guest never gets them
    assert after == [False, False]  # who has left knows none of the keys in use
    assert (deaf, opens) == ([], 2)  # and the clinician's old one, for a moment


async def test_a_key_that_somebody_took_along_is_not_used_for_long(page: Page) -> None:
    """The relay may hinder new keys; then nothing more is sent under the old ones."""
    uses = await run(
        page,
        """const visit = await visitOf("patient", "clinician", "guest1");
        await visit.deliver();
        visit.relay = () => [];
        await visit.roster("patient", "clinician");
        const uses = [visit.people.get("patient").uses !== null];
        await visit.pass(6_000);
        return [...uses, visit.people.get("patient").uses, visit.state("patient").sending];""",
    )
    assert uses == [True, None, False]


async def test_a_page_that_is_loaded_again_is_somebody_new(page: Page) -> None:
    found = await run(
        page,
        """const visit = await visitOf("patient", "clinician");
        await visit.deliver();
        const [before] = visit.codes;
        const again = visit.join("patient");
        await again.keys.follow(["patient", "clinician"], visit.now);
        await visit.deliver();
        const { codes, phases, deaf } = visit;
        return [before !== codes[0], codes.length, phases, deaf, again.said];""",
    )
    assert found[:4] == [True, 1, ["agreed"], []]
    assert found[4] <= 6


async def test_there_is_an_end_to_trying(page: Page) -> None:
    """Somebody in the middle who breaks rounds off until the codes are the same is found out."""
    found = await run(
        page,
        """const { MOST_ROUNDS } = await import("/static/e2ee-keys.js");
        const visit = await visitOf("patient", "clinician");
        let round = 0, seen = new Set();
        visit.relay = (one) => {
          const word = decode(one.payload);
          if (word.kind === "reveal" && one.from === "patient") seen.add(word.round);
          // The other's key is kept back, and a new round is begun in their name.
          if (one.from !== "clinician" || word.kind !== "reveal") return [one];
          const other = { ...word, kind: "ask", of: [], round: word.round + 1 };
          return [{ ...one, payload: encode(other) }];
        };
        await visit.deliver();
        await visit.pass(60_000);
        return [visit.state("patient").failure, seen.size, MOST_ROUNDS];""",
    )
    assert found[0] == "too_many"
    assert found[1] <= found[2]


async def test_what_is_no_word_is_passed_over(page: Page) -> None:
    phases = await run(
        page,
        """const visit = await visitOf("patient", "clinician");
        const commit = { kind: "commit", hash: "x" };
        const strange = [
          { round: 0 }, { round: 1.5 }, { instance: "" }, { roster: ["clinician", "patient"] },
          { roster: ["patient", "nobody"] }, { hash: 7 }, { hash: "x".repeat(600) },
          { kind: "keys" }, { kind: "keys", agreed: "x", sealed: { patient: 1 } },
          { kind: "have", of: "patient" }, { kind: "joke" },
        ].map((fields) => word({ ...commit, ...fields }));
        for (const payload of ["", "AAAA", "!", ...strange]) {
          await visit.hear("patient", "clinician", payload);
        }
        await visit.hear("patient", "nobody", word(commit));
        await visit.hear("patient", "patient", word(commit));
        await visit.deliver();
        return visit.phases;""",
    )
    assert phases == ["agreed"]


async def test_who_cannot_encrypt_is_named(page: Page) -> None:
    state = await run(
        page,
        """const visit = await visitOf("patient", "clinician");
        visit.relay = () => [];
        await visit.hear("patient", "clinician", word({ kind: "unable" }));
        await visit.pass(9_000);
        return visit.state("patient");""",
    )
    assert (state["phase"], state["unable"], state["slow"]) == ("agreeing", ["clinician"], True)
    assert state["missing"] == ["clinician"]
