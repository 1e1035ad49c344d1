<?php

declare(strict_types=1);

namespace Cognate\Client\Json;

use Cognate\Client\Value\Shown;

/** JSON that is not what a message wants. */
final class NotReadable extends \UnexpectedValueException
{
    public function __construct(string $want, mixed $got)
    {
        $shown = is_scalar($got) ? '"' . Shown::text((string) $got) . '"' : get_debug_type($got);
        parent::__construct("got $shown, want $want");
    }
}
