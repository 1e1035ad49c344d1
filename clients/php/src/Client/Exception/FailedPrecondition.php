<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** Something else must be done first; the message says what. */
final class FailedPrecondition extends CognateException
{
}
