<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** Past what is kept, such as a resume token that is too old: begin without it. */
final class OutOfRange extends CognateException
{
}
