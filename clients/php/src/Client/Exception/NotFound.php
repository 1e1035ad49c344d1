<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** There is no such thing. */
final class NotFound extends CognateException
{
}
