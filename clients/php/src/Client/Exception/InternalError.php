<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** The other side, or something on the way, has a fault. Report it with the request id. */
final class InternalError extends CognateException
{
}
