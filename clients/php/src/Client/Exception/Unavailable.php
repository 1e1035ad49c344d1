<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** Nobody answers, or not now. May be tried again. */
final class Unavailable extends CognateException
{
}
