"""The words ``flask seed`` composes its data from; none of them is about a real person."""

from __future__ import annotations

GIVEN = (
    "Amina", "Bruno", "Chloé", "Dmitri", "Elif", "Farid", "Greta", "Hana", "Idris", "Jana", "Kofi", "Leïla",
    "Mateo", "Nour", "Olga", "Paulo", "Quynh", "Rosa", "Samir", "Tala", "Uma", "Vera", "Wassim", "Yasmine",
)  # fmt: skip
FAMILY = (
    "Almeida", "Benali", "Castel", "Diop", "Eriksen", "Fontaine", "Gharbi", "Horvat", "Ibrahim", "Jansen",
    "Kowalski", "Lefèvre", "Meziane", "Novak", "Okafor", "Perrin", "Quist", "Rahmani", "Silva",
)  # fmt: skip
NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8:17::/48", "2001:db8:2a::/48")
PLUGINS = tuple(
    {"slug": slug, "title": title, "summary": summary, "version": version, "publisher": publisher}
    for slug, title, summary, version, publisher in (
        ("code-review", "Code review", "Comments on changes, line by line.", "2.4.0", "Dihya Coding"),
        ("issue-board", "Issue board", "Cards in columns, for what is left to do.", "1.9.2", "Dihya Coding"),
        ("amazigh-keyboard", "Tifinagh keyboard", "Write Tamazight in the editor.", "0.8.1", "Tafat Labs"),
        ("spell-check", "Spell check", "Finds typing mistakes in documents.", "3.0.5", "Atelier Libre"),
        ("ci-runner", "Build runner", "Runs the tests at each change.", "5.1.0", "Dihya Coding"),
        ("pdf-export", "PDF export", "Turns documents into PDF files.", "1.2.0", "Atelier Libre"),
        ("time-sheet", "Time sheet", "Hours per project and week.", "0.9.9", "Commune Outils"),
        ("map-view", "Map view", "Shows places on a free map.", "2.0.0", "Commune Outils"),
    )
)
TEMPLATES = (
    ("empty-with-review", "Reviewed from the start", "Nothing but code review.", ("code-review",)),
    (
        "web-service",
        "Web service",
        "Review, builds and a board.",
        ("code-review", "ci-runner", "issue-board"),
    ),
    ("handbook", "Handbook", "Documents that become a PDF.", ("spell-check", "pdf-export")),
    ("field-survey", "Field survey", "Places and hours.", ("map-view", "time-sheet")),
)
PROJECTS = (
    ("Library catalogue", "Loans and shelves of a village library."),
    ("Olive harvest planner", "Who picks where, and when the mill is free."),
    ("Bus timetable", "Departures for the valley, also without a network."),
    ("School radio", "Recording, cutting and publishing the weekly show."),
    ("Water meter readings", "Reads the meters and warns of leaks."),
    ("Recipe archive", "Recipes with their stories, in four languages."),
    ("Repair café", "Appointments, spare parts and volunteers."),
    ("Weather station", "Data of six stations on one page."),
    ("Choir scores", "Scores by voice, and who has which."),
    ("Bicycle routes", "Routes with little traffic and much shade."),
    ("Museum guide", "Texts and sound for the rooms."),
    ("Seed exchange", "Who has which seeds to give away."),
)
