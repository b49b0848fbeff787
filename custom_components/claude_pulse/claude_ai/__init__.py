"""An HTTP client for the usage pages of claude.ai.

It needs asyncio and aiohttp, and imports nothing from Home Assistant or the rest of
this integration.
"""
