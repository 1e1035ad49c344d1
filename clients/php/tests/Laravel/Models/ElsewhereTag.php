<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

/** On another connection. */
class ElsewhereTag extends Tag
{
    protected $connection = 'elsewhere';

    public function syncPivots(): array
    {
        return [];
    }
}
