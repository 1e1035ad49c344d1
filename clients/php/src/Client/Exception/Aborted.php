<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** Somebody else was quicker (an etag, say): read again, then decide anew. */
final class Aborted extends CognateException
{
}
