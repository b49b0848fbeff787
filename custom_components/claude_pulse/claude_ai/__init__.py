"""A client for the usage pages of claude.ai.

It knows nothing of Home Assistant and runs in any asyncio program with aiohttp.
"""
