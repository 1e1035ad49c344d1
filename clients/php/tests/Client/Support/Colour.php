<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

enum Colour: string
{
    case Umber = 'u';
}
