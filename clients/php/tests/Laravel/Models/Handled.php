<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

/** Is written by a class of its own. */
class Handled extends User
{
    public function syncHandler(): ?string
    {
        return UserHandler::class;
    }
}
