"""An auditor's second opinion on a commissioner's pack: every figure again, from the ledger's own rows, slowly and plainly.

It imports nothing of AP Ledger. It is handed rows of `stored_events` and goes through them entry by entry, never by day cells.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from typing import Any
from zoneinfo import ZoneInfo

Row = tuple[int, Any, str, Any, int, int, str]
"""position, stream, topic, student, occurred_at, recorded_at, state"""

KINDS = {"rung-reached", "outcome-scored", "unit-progressed", "visit-logged", "session-attended", "voice-heard", "incident-recorded"}
Z = 1.959963984540054


def as_id(value: Any) -> str:
    return str(value if isinstance(value, uuid.UUID) else uuid.UUID(bytes=bytes(value)))


class Audit:
    """One ledger as it was known at a moment."""

    def __init__(self, rows: list[Row], known_at: datetime | None, answers: dict[int, dict[str, int]] | None = None) -> None:
        """`answers` holds what carers answered, by position, opened by whoever may."""
        self.answers = answers or {}
        limit = None if known_at is None else (known_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        self.rows = [row for row in rows if limit is None or row[5] <= limit]
        self.definitions: dict[str, dict[str, Any]] = {}
        self.setting: dict[str, Any] = {"timetables": [], "calendars": [], "places": {}}
        self.zone = ZoneInfo("Europe/London")
        for _, _, topic, _, _, _, text in self.rows:
            state = json.loads(text)
            if topic == "framework-published":
                self.definitions[f"{state['framework_id']}@{state['version']}"] = state["definition"]
            elif topic == "timetable-set":
                self.setting["timetables"].append(state)
            elif topic == "calendar-set":
                self.setting["calendars"].append(state)
            elif topic == "place-added":
                self.setting["places"][state["place_id"]] = state["label"]
            elif topic == "setting-opened":
                self.zone = ZoneInfo(state["time_zone"])

    def entries(self, student: str) -> list[dict[str, Any]]:
        """What stood about a student, each with when it happened and on which day."""
        found: dict[str, dict[str, Any]] = {}
        voided = set()
        for position, stream, topic, whose, occurred_at, _, text in self.rows:
            if whose is None or as_id(whose) != student:
                continue
            state, key = json.loads(text), as_id(stream)
            if topic in KINDS:
                found[key] = {**state, "kind": topic, "at": occurred_at, "position": position}
            elif topic == "entry-corrected" and key in found:
                at = (datetime.fromisoformat(state["replacement_occurred_at"]) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
                found[key] = {**state["replacement"], "kind": state["replacement_kind"], "at": at, "position": position}
            elif topic == "entry-voided":
                voided.add(key)
        told = [one for key, one in found.items() if key not in voided]
        for one in told:
            one["day"] = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=one["at"])).astimezone(self.zone).date()
        return sorted(told, key=lambda one: (one["at"], one["position"]))

    def stream(self, student: str) -> list[tuple[str, dict[str, Any]]]:
        return [(topic, json.loads(text)) for _, stream, topic, whose, _, _, text in self.rows if as_id(stream) == student]

    # One student ------------------------------------------------------------------------------------------------

    def figures(self, student: str, first: date, last: date, payer: str | None = None) -> dict[str, Any]:
        """Every column that can be recomputed, by the name it has in a pack; of the days of one payer's placements, where one is named."""
        stays = [(one["start"], one["end"] or "9999-12-31") for one in self._stays(student).values() if payer in (None, one.get("commissioner_id"))]
        if payer is not None:
            # A payer is told of no day but their own, so the last day that counts is theirs as well.
            last = min(last, max(date.fromisoformat(end) for start, end in stays if start <= str(last)))
        told = [one for one in self.entries(student) if one["day"] <= last and (payer is None or _in_any(one["day"], stays))]
        weeks = [state for topic, state in self.stream(student) if topic == "student-expected"]
        every = [(one["start"], one["end"] or "9999-12-31") for one in self._stays(student).values()]
        missed = [session for session in told_of_one_session(told) if words_of(session) in ({"missed"}, {"by_student"})]
        never = {id(one) for session in missed if not self._offered(every, weeks, session) for one in session}
        told = [one for one in told if id(one) not in never]
        inside = [one for one in told if one["day"] >= first]
        placement = self._placement(student, first, last, payer)
        shown = {
            **placement["shown"], **self._attendance(told, inside, placement["start"], last), **self._ladder(told, inside, placement["start"], first, last),
            **self._outcomes(student, told, first, last), **self._others(told, inside, first), "venues": self._venues(student, last),
        }  # fmt: skip
        shown |= self._carers(student, last)
        hours = shown["_minutes"] / 60
        shown["units_an_hour"] = round(shown["units_secured"] / hours, 2) if hours else "z"
        for name in ("_start_at", "_now_at"):
            shown.setdefault(name, "unknown")
        shown.setdefault("_moved", "not enough contacts yet")
        return shown

    def _carers(self, student: str, last: date) -> dict[str, str]:
        middles = []
        for position, _, _, whose, occurred_at, _, text in self.rows:
            state = json.loads(text)
            if position in self.answers and as_id(whose) == student and state["respondent"] == "carer":
                happened = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=occurred_at)).astimezone(self.zone).date()
                if happened <= last:
                    levels = sorted(self.answers[position].values())
                    words = {
                        level["value"]: level["label"]
                        for level in self.definitions[f"{state['instrument']['id']}@{state['instrument']['version']}"]["scales"][0]["levels"]
                    }
                    middles.append((occurred_at, words[levels[(len(levels) - 1) // 2]]))
        middles.sort()
        return {"carer_start": middles[0][1] if middles else "z", "carer_latest": middles[-1][1] if len(middles) > 1 else "z"}

    def _venues(self, student: str, last: date) -> str:
        weeks = sorted(
            (state for topic, state in self.stream(student) if topic == "student-expected" and state["from_date"] <= str(last)),
            key=lambda one: one["from_date"],
        )
        places = {day.get("place_id") for day in weeks[-1]["days"]} if weeks else set()
        return ", ".join(sorted(label for key, label in self.setting["places"].items() if key in places))

    def _offered(self, stays: list[tuple[str, str]], weeks: list[dict[str, Any]], session: list[Any]) -> bool:
        """Nothing is offered without a placement, on a closed day, or in no slot that is held and in their own week."""
        day = session[0]["day"]
        if not _in_any(day, stays) or not self._open(day):
            return False
        named = {one["session"]["slot"] for one in session if one.get("session")}
        spans = [[datetime.fromisoformat(one[name]).astimezone(self.zone) for name in ("planned_start", "planned_end")] for one in session]
        times = [(f"{start:%H:%M}", f"{end:%H:%M}") for start, end in spans]
        slots = (latest(self.setting["timetables"], day) or {"slots": []})["slots"]
        today = [slot for slot in slots if day.isoweekday() in slot.get("weekdays", [1, 2, 3, 4, 5])]
        held = {
            slot["id"]
            for slot in today
            if (slot["id"] in named if named else any(slot["starts"][:5] < end and start < slot["ends"][:5] for start, end in times))
        }
        week = latest(weeks, day)
        if week is None:
            return bool(held) or not slots
        own = [one["slots"] for one in week["days"] if one["weekday"] == day.isoweekday()]
        return any(held & set(slots) for slots in own)

    def _open(self, day: date) -> bool:
        held = latest(self.setting["calendars"], day) or {}
        closures, terms = ([(one["first"], one["last"]) for one in held.get(name, [])] for name in ("closures", "terms"))
        return not _in_any(day, closures) and (not terms or _in_any(day, terms))

    def _stays(self, student: str) -> dict[str, dict[str, Any]]:
        made: dict[str, dict[str, Any]] = {}
        for topic, state in self.stream(student):
            if topic == "placement-started":
                made[state["placement_id"]] = {"end": None, "bought": [], **state}
            elif topic == "placement-ended":
                made[state["placement_id"]]["end"] = state["end"]
            elif topic == "placement-changed":
                made[state["placement_id"]].update({name: state[name] for name in ("planned_end", "purpose") if name in state})
            elif topic == "sessions-commissioned":
                made[state["placement_id"]]["bought"].append(state)
        return made

    def _placement(self, student: str, first: date, last: date, payer: str | None = None) -> dict[str, Any]:
        stays = [one for one in self._stays(student).values() if payer in (None, one.get("commissioner_id"))]
        held = [one for one in stays if one["start"] <= str(last) and str(first) <= (one["end"] or "9999")]
        if not held:
            return {"start": None, "shown": {}}
        one = sorted(held, key=lambda each: each["start"])[-1]
        bought = sorted((each for each in one["bought"] if each["from_date"] <= str(last)), key=lambda each: each["from_date"])
        shown = {"start": one["start"], "purpose": (one.get("purpose") or "z").replace("-", " "), "planned_end": one.get("planned_end") or "z"}
        if bought:
            shown |= {"hours_a_week": bought[-1]["hours_a_week"], "sessions_a_week": bought[-1]["sessions_a_week"]}
            shown |= {"over_18_hours": int(bought[-1]["hours_a_week"] > 18), "over_4_sessions": int(bought[-1]["sessions_a_week"] > 4)}
        return {"start": date.fromisoformat(one["start"]), "shown": shown}

    def _attendance(self, told: list[Any], inside: list[Any], start: date | None, last: date) -> dict[str, Any]:
        def counts(some: list[Any]) -> dict[str, Any]:
            sums = {"attended": 0, "late": 0, "missed": 0, "by_student": 0, "by_us": 0, "minutes": 0, "disputed": 0}
            for session in told_of_one_session(some):
                words = words_of(session)
                if len(words) > 1:
                    sums["disputed"] += 1
                    continue
                (word,) = words
                sums[word] = sums.get(word, 0) + 1
                came = [(datetime.fromisoformat(one["actual_start"]), one) for one in session if one.get("actual_start")]
                if word == "attended":
                    sums["late"] += any(begun - datetime.fromisoformat(one["planned_start"]) > timedelta(minutes=5) for begun, one in came)
                spans = [datetime.fromisoformat(one["actual_end"]) - begun for begun, one in came if one.get("actual_end")]
                sums["minutes"] += min((minutes for span in spans if (minutes := max(0, round(span.total_seconds() / 60)))), default=0)
            return sums

        def offered(sums: dict[str, Any]) -> int:
            return int(sums["attended"] + sums["missed"] + sums["by_student"] + sums["disputed"])

        now = counts(inside)
        absent, possible = now["missed"] + now["by_student"], offered(now)
        early = counts([one for one in told if start and start <= one["day"] < start + timedelta(weeks=6)])
        late = counts([one for one in told if last - timedelta(weeks=6) < one["day"] <= last])
        return {
            "sess_possible": possible, "sess_attended": now["attended"], "sess_late": now["late"], "sess_overall": absent, "sess_in_dispute": now["disputed"], "sess_authorised": "x", "sess_unauthorised": "x",
            "sess_overall_percent": per(absent, possible), "sess_cancelled_by_us": now["by_us"], "hours_attended": round(now["minutes"] / 60, 1),
            "enrolments_pa_10_exact": "z" if not possible else int(absent / possible >= 0.1), "enrolments_pa_50_exact": "z" if not possible else int(absent / possible >= 0.5),
            "first_weeks_percent": per(early["attended"], offered(early)), "latest_weeks_percent": per(late["attended"], offered(late)), "_minutes": now["minutes"],
        }  # fmt: skip

    def _ladder(self, told: list[Any], inside: list[Any], start: date | None, first: date, last: date) -> dict[str, Any]:
        by_ladder: dict[str, dict[str, list[Any]]] = {}
        for one in told:
            if one["kind"] == "rung-reached":
                key = f"{one['ladder']['id']}@{one['ladder']['version']}"
                by_ladder.setdefault(key, {}).setdefault(one.get("visit_id") or f"alone {one['position']}", []).append(one)
        if not by_ladder:
            return {}
        key, contacts = max(sorted(by_ladder.items()), key=lambda pair: len(pair[1]))
        shared = [rung["id"] for rung in self.definitions[key]["rungs"]]
        on_site = {rung["id"] for rung in self.definitions[key]["rungs"] if rung.get("on_site")}
        label = {rung["id"]: rung["label"] for rung in self.definitions[key]["rungs"]}
        used = {one["rung"] for rungs in contacts.values() for one in rungs}
        order: list[str] = []
        for rung in shared:
            order += [rung, *sorted((own for own in used - set(shared) if own.rpartition(".")[0] == rung), key=lambda own: int(own.rpartition(".")[2]))]
        made = []
        for rungs in contacts.values():
            best = max(rungs, key=lambda one: order.index(one["rung"]))
            made.append((min(one["at"] for one in rungs), order.index(best["rung"]), best["day"]))
        made.sort()
        places, days = [place for _, place, _ in made], [day for _, _, day in made]
        kept = [sorted(places[max(0, n - 4) : n + 1], reverse=True)[2] for n in range(len(places)) if n >= 2]

        def name(place: int) -> str:
            rung = order[place]
            return str(label.get(rung) or label[rung.rpartition(".")[0]])

        site = [day for place, day in zip(places, days, strict=True) if (order[place] if order[place] in label else order[place].rpartition(".")[0]) in on_site]
        met = [day for place, day in zip(places, days, strict=True) if place > 0]
        shown: dict[str, Any] = {
            "baseline": name(sorted(places[:10])[(len(places[:10]) - 1) // 2]), "latest": name(places[-1]), "kept_up": name(kept[-1]) if kept else "z",
            "highest_sustained": name(max(kept)) if kept else "z",
            "contacts_attempted": sum(one["kind"] == "visit-logged" and one["effort"] == "attempted" for one in inside),
            "contacts_made": sum(place > 0 and first <= day <= last for place, day in zip(places, days, strict=True)),
            "days_since_contact": (last - max(met)).days if met else "z",
            "days_to_first_on_site": (site[0] - start).days if site and start else "not yet",
        }  # fmt: skip
        where = {rung["id"]: ("on" if rung.get("on_site") else "off") for rung in self.definitions[key]["rungs"]}

        def standing(place: int | None) -> str:
            return "unknown" if place is None else where[order[place] if order[place] in label else order[place].rpartition(".")[0]]

        def middle(some: list[int]) -> int:
            return sorted(some)[(len(some) - 1) // 2]

        def rung_of(place: int | None) -> str | None:
            return None if place is None else order[place] if order[place] in label else order[place].rpartition(".")[0]

        shown |= {"_order": shared, "_labels": label, "_start_rung": rung_of(middle(places[:10])), "_kept_rung": rung_of(kept[-1] if kept else None)}
        shown |= {"_start_at": standing(middle(places[:10])), "_now_at": standing(kept[-1] if kept else None), "_moved": "not enough contacts yet"}
        # A setback begins where two rungs less are kept up than the best before, and ends where that best is reached again.
        best, low, setbacks = kept[0] if kept else 0, False, 0
        for one in kept:
            if one <= best - 2 and not low:
                low, setbacks = True, setbacks + 1
            elif one >= best:
                low = False
            best = max(best, one)
        shown["setbacks"] = setbacks
        if len(places) >= 20:
            before, after = middle(places[:10]), middle(places[-10:])
            shown["_moved"] = "further" if after > before else "less far" if after < before else "the same"
        if len(places) < 20:
            shown["further"] = "not enough contacts yet"
        else:
            early, late = places[:10], places[-10:]
            won = sum(1.0 if b > a else 0.5 if a == b else 0.0 for a in early for b in late) / 100
            q1, q2 = won / (2 - won), 2 * won**2 / (1 + won)
            se = max(sqrt(max(0.0, (won * (1 - won) + 9 * (q1 - won**2) + 9 * (q2 - won**2)) / 100)), 0.05 / Z)
            shown |= {"further": won, "further_low": max(0.0, won - Z * se), "further_high": min(1.0, won + Z * se)}
        return shown

    def _outcomes(self, student: str, told: list[Any], first: date, last: date) -> dict[str, Any]:
        told = scored_once(told)
        binary: dict[str, set[str]] = {}
        for key, definition in self.definitions.items():
            if definition["kind"] == "outcomes":
                types = {scale["id"]: scale["type"] for scale in definition["scales"]}
                waiting = [(item, definition.get("default_scale")) for item in definition["items"]]
                while waiting:
                    item, scale = waiting.pop()
                    waiting += [(inner, scale) for inner in item.get("items", [])]
                    if not item.get("items") and types.get(item.get("scale") or scale) == "binary":
                        binary.setdefault(key, set()).add(item["id"])
        inside = [one for one in told if one["day"] >= first]
        sums = {"baseline": [0, 0], "latest": [0, 0], "n": [0, 0]}
        scored: dict[str, list[Any]] = {}
        for one in told:
            if one["kind"] == "outcome-scored":
                scored.setdefault(f"{one['framework']['id']}@{one['framework']['version']}", []).append(one)
        for key, some in scored.items():
            if not any(one["day"] >= first for one in some):
                continue
            began = min(one["day"] for one in some)
            for one in some:
                if one["indicator"] not in binary.get(key, ()) or one.get("level") is None:
                    continue
                hit = int(one["level"] == 1)
                if one["day"] < began + timedelta(days=14):
                    sums["baseline"] = [sums["baseline"][0] + hit, sums["baseline"][1] + 1]
                if last - timedelta(days=14) < one["day"] <= last:
                    sums["latest"] = [sums["latest"][0] + hit, sums["latest"][1] + 1]
                if one["day"] >= first:
                    sums["n"] = [sums["n"][0] + hit, sums["n"][1] + 1]
        found: dict[str, Any] = {"seen_n": sums["n"][1]}
        for name in ("baseline", "latest"):
            found |= wilson(f"seen_{name}", *sums[name])
        a, b = [[found.get(f"seen_{name}{end}") for end in ("", "_low", "_high")] for name in ("baseline", "latest")]
        if "z" in (a[0], b[0]):
            found["seen_change"] = "z"
        else:
            moved = b[0] - a[0]
            low, high = moved - sqrt((b[0] - b[1]) ** 2 + (a[2] - a[0]) ** 2), moved + sqrt((b[2] - b[0]) ** 2 + (a[0] - a[1]) ** 2)
            found["seen_change"] = f"{100 * moved:+.0f} points ({100 * max(-1.0, low):+.0f} to {100 * min(1.0, high):+.0f})"
        found |= {"_themes": self._themes(scored.get("every-child-matters@1", []), binary["every-child-matters@1"], first), "_informants": {}}
        for one in (each for some in scored.values() for each in some if each["day"] >= first):
            found["_informants"][one["informant"]] = found["_informants"].get(one["informant"], 0) + 1
        weeks = [state for topic, state in self.stream(student) if topic == "student-expected"]
        wanted = done = 0
        attended = set(days_attended(inside))
        for day in attended:
            slots = self._expected(student, weeks, day)
            wanted += len(slots)
            done += len(slots & {one["session"]["slot"] for one in inside if one["kind"] == "outcome-scored" and one["day"] == day and one.get("session")})
        return {**found, "scored_percent": per(done, wanted), "_slots": (wanted, done)}

    def _themes(self, scored: list[Any], binary: set[str], first: date) -> dict[tuple[str, str], list[int]]:
        theme = {}
        for top in self.definitions["every-child-matters@1"]["items"]:
            waiting = [top]
            while waiting:
                item = waiting.pop()
                theme[item["id"]] = top["label"]
                waiting += item.get("items", [])
        kinds = {slot["id"]: slot["kind"] for timetable in self.setting["timetables"] for slot in timetable["slots"]}
        found: dict[tuple[str, str], list[int]] = {}
        for one in scored:
            if one["day"] >= first and one["indicator"] in binary and one.get("level") is not None:
                cell = found.setdefault((theme[one["indicator"]], kinds[one["session"]["slot"]] if one.get("session") else "none"), [0, 0])
                cell[0], cell[1] = cell[0] + int(one["level"] == 1), cell[1] + 1
        return found

    def _expected(self, student: str, weeks: list[dict[str, Any]], day: date) -> set[str]:
        def latest(some: list[dict[str, Any]]) -> dict[str, Any] | None:
            held = sorted((one for one in some if one["from_date"] <= str(day)), key=lambda one: one["from_date"])
            return held[-1] if held else None

        week, timetable = latest(weeks), latest(self.setting["timetables"])
        stays = [(one["start"], one["end"] or "9999-12-31") for one in self._stays(student).values()]
        if week is None or timetable is None or not self._open(day) or not _in_any(day, stays):
            return set()
        there = {slot["id"] for slot in timetable["slots"] if day.isoweekday() in slot.get("weekdays", [1, 2, 3, 4, 5])}
        return {slot for one in week["days"] if one["weekday"] == day.isoweekday() for slot in one["slots"]} & there

    def _others(self, told: list[Any], inside: list[Any], first: date) -> dict[str, Any]:
        attended = len(days_attended(inside))
        happened = [one for one in inside if one["kind"] == "incident-recorded"]
        steps: dict[str, list[tuple[date, str]]] = {}
        known: dict[str, set[str]] = {}
        available = 0
        for one in told:
            if one["kind"] == "unit-progressed":
                key = f"{one['curriculum']['id']}@{one['curriculum']['version']}"
                steps.setdefault(f"{key}|{one['unit']}", []).append((one["day"], one["status"]))
                if key not in known:
                    levels = [level for scale in self.definitions[key]["scales"] for level in scale["levels"]]
                    known[key] = {level["value"] for level in levels if level.get("means") == "secure"}
                    available += leaves(self.definitions[key]["items"])
        secure = {unit for unit, taken in steps.items() if taken[-1][1] in known[unit.partition("|")[0]]}
        kept = {unit for unit in secure if not lost([status for _, status in steps[unit]], known[unit.partition("|")[0]])}
        before = {unit: [status for day, status in taken if day < first] for unit, taken in steps.items()}
        earlier = {unit for unit, taken in before.items() if taken and taken[-1] in known[unit.partition("|")[0]]}
        voices = [one for one in inside if one["kind"] == "voice-heard"]
        labels = {slot["id"]: slot["label"] for timetable in self.setting["timetables"] for slot in timetable["slots"]}
        spots: dict[str, int] = {}
        for one in happened:
            slot = one["session"]["slot"] if one.get("session") else ""
            spots[slot] = spots.get(slot, 0) + 1
        worst = sorted(spots.items(), key=lambda spot: (-spot[1], spot[0]))[:2]
        tried = sum(one["kind"] == "visit-logged" and one["effort"] == "attempted" for one in inside)
        goals = [
            float(one["level"])
            for one in scored_once(told)
            if one["kind"] == "outcome-scored" and one["indicator"].startswith("goal.") and one["informant"] == "student" and one.get("level") is not None
        ]
        return {
            "incidents": len(happened), "restrictive": sum(one["restrictive"] for one in happened), "incidents_per_100": "z" if not attended else round(100 * len(happened) / attended, 1),
            "units_started": len(steps), "units_secure": len(secure), "units_kept": len(kept), "units_secured": len(secure - earlier), "voices": len(voices),
            "voice_percent": per(min(len(voices), tried), tried), "goal_start": goals[0] if goals else "z", "goal_latest": goals[-1] if goals else "z",
            "units_available": available, "flashpoints": ", ".join(f"{labels.get(slot, 'outside a slot')} ({times})" for slot, times in worst),
            "_faces": [sum(one["speaker"] == "student" and one.get("face") == face for one in voices) for face in range(1, 6)],
        }  # fmt: skip


def latest(held: list[dict[str, Any]], day: date) -> dict[str, Any] | None:
    """What was set to hold from the latest date until a day; of one date, what was set last."""
    begun = sorted((one for one in held if one["from_date"] <= str(day)), key=lambda one: one["from_date"])
    return begun[-1] if begun else None


def told_of_one_session(told: list[Any]) -> list[list[Any]]:
    """Entries about one session of one day together: of one slot, or, where one of two names no slot, planned for times that overlap."""

    def same(one: Any, other: Any) -> bool:
        if one.get("session") and other.get("session"):
            return bool(one["session"] == other["session"])
        (a, b), (c, d) = ([datetime.fromisoformat(each[name]) for name in ("planned_start", "planned_end")] for each in (one, other))
        return a == c or (a < d and c < b)

    groups: list[list[Any]] = []
    for one in (each for each in told if each["kind"] == "session-attended"):
        near = [group for group in groups if any(one["day"] == other["day"] and same(one, other) for other in group)]
        groups = [group for group in groups if all(group is not each for each in near)] + [[one, *(other for group in near for other in group)]]
    return groups


def words_of(session: list[Any]) -> set[str]:
    """What those who tell of a session say of it: one word where they agree."""
    return {f"by_{one['cancelled_by']}" if one.get("cancelled_by") else "attended" if one.get("actual_start") else "missed" for one in session}


def days_attended(told: list[Any]) -> list[date]:
    """The day of each session that everybody who tells of it says was attended."""
    return [session[0]["day"] for session in told_of_one_session(told) if all(one.get("actual_start") and not one.get("cancelled_by") for one in session)]


def scored_once(told: list[Any]) -> list[Any]:
    """The same entries, of which those that score one indicator by one rater in one slot of one day are one.

    Outside a slot those of one moment are.

    A level stands before a reason for none; two levels leave the fact without one, in dispute; not observed stands before
    not applicable before not answered.
    """
    kept: list[Any] = []
    facts: dict[Any, list[Any]] = {}
    for one in told:
        if one["kind"] == "outcome-scored":
            when = (one["session"]["slot"], one["day"]) if one.get("session") else (None, one["at"])
            key = (one["framework"]["id"], one["framework"]["version"], one["indicator"], one["informant"], *when)
            facts.setdefault(key, []).append(one)
            if len(facts[key]) > 1:
                continue
        kept.append(one)
    for some in facts.values():
        levels = {str(one["level"]) for one in some if one.get("level") is not None}
        reasons = [name for name in ("not-observed", "not-applicable", "not-answered") if any(one.get("missing") == name for one in some)]
        level = next((one["level"] for one in some if one.get("level") is not None), None) if len(levels) == 1 else None
        merged = {**some[0], "level": level, "missing": None if level is not None else "disputed" if levels else reasons[0]}
        kept = [merged if one is some[0] else one for one in kept]
    return kept


def _in_any(day: date, spans: list[tuple[str, str]]) -> bool:
    return any(first <= str(day) <= last for first, last in spans)


def per(part: int, whole: int) -> Any:
    return round(100 * part / whole, 1) if whole else "z"


def wilson(name: str, hits: int, of: int) -> dict[str, Any]:
    if not of:
        return {name: "z"}
    p = hits / of
    middle, half = (p + Z * Z / (2 * of)) / (1 + Z * Z / of), Z * sqrt(p * (1 - p) / of + Z * Z / (4 * of * of)) / (1 + Z * Z / of)
    return {name: p, f"{name}_low": max(0.0, middle - half), f"{name}_high": min(1.0, middle + half)}


def leaves(items: list[dict[str, Any]]) -> int:
    return sum(leaves(item["items"]) if item.get("items") else 1 for item in items)


def lost(statuses: list[str], known: set[str]) -> bool:
    """Whether it was known once and then, at any time, not."""
    reached = False
    for status in statuses:
        if reached and status not in known:
            return True
        reached = reached or status in known
    return False
