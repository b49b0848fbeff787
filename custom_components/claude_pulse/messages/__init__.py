"""Messages: the sentences for events in Home Assistant's language, and how phones get them.

Blueprints decide which events become messages. They get the sentences from here, so that
one blueprint is enough for all languages. Imports
`events`, `runtime` and the rows above them in AGENTS.md.
"""
