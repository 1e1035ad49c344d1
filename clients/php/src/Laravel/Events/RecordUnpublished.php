<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** A platform has deleted its copy of a record of here. */
final class RecordUnpublished extends HubEvent
{
}
