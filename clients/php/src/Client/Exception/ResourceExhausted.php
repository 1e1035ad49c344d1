<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** Too much at once, or too large: slower, smaller, or after `retryDelay`. */
final class ResourceExhausted extends CognateException
{
}
