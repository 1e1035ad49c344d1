<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** No answer in time. What was asked for may have happened: send idempotent calls again. */
final class DeadlineExceeded extends CognateException
{
}
