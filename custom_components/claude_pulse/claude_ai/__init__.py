"""An HTTP client for the usage pages of claude.ai.

It needs asyncio and aiohttp. It imports nothing from Home Assistant or from the other
packages of this integration.
"""
