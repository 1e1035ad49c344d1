<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

use Cognate\Client\Cognate;

/** A platform at one end of a sync. */
final class Side
{
    public function __construct(public readonly string $platform, public readonly string $key, public readonly Cognate $cognate)
    {
    }
}
