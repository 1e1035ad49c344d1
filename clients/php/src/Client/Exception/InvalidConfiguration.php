<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** What the client was told cannot be used: nothing was sent. */
final class InvalidConfiguration extends \InvalidArgumentException
{
}
