"""Calls of Tallyroom's API."""
import httpx
from django.conf import settings

http = httpx.Client(
    base_url=f"{settings.TALLYROOM_URL}/api/v1",
    headers={"Authorization": f"Bearer {settings.TALLYROOM_KEY}"},
    timeout=30,
)


def call(method, path, body=None, key=None):
    """The answer to a call. With a key, it may be sent again and is done once."""
    headers = {"Idempotency-Key": key} if key else {}
    answer = http.request(method, path, json=body, headers=headers)
    if answer.is_error:
        raise httpx.HTTPStatusError(answer.text, request=answer.request, response=answer)
    return answer.json()
